"""New thresholds are brought to members while others post for them: each member ends where the counts say."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from tests.support import factories
from tests.support.ladders import earn, ladder, noon, story
from tests.support.policies import edit, member
from transactions.policies import thresholds
from transactions.proof.audit import audit


@pytest.fixture
def made(transactional_db):
    return factories.program(max_backdate_days=900)


def apart(deed, *arguments):
    """In a thread of its own, with a connection of its own."""
    try:
        return deed(*arguments)
    finally:
        connection.close()


def test_postings_during_the_job(made, monkeypatch):
    monkeypatch.setattr(thresholds, "BATCH", 2)
    group, now = ladder(made, model="calendar", validity="rest_of_cycle"), noon(made, 2026, 6, 15)
    people = [member(made, 600) for _ in range(8)]
    edit(made, 300, 601)
    job = thresholds.start(group, now, reason="More gold")

    def post(who):
        return apart(earn, made, who, 1, now)

    with ThreadPoolExecutor(3) as pool:
        posted = [pool.submit(post, who) for who in reversed(people)]
        jobs = [pool.submit(apart, thresholds.work, job.pk) for _ in range(2)]
        for one in [*posted, *jobs]:
            one.result(timeout=60)
    for who in people:
        assert [tier for tier, _ in story(who)] == ["base", "silver", "gold"]
    job.refresh_from_db()
    assert (bool(job.finished_at), job.counts["members"]) == (True, 8)
    assert not list(audit(made))
