"""Workers are killed while they send: what has a key arrives once, the rest at most once, and nothing is forgotten.

With PostgreSQL they are Celery's over a real Redis, with SQLite over files; there messages are fewer, since everybody
writes one after the other.
"""

import time
from collections import Counter

import pytest
from django.db import connection

from members.models import Attempt, Delivery
from tests.support import factories
from tests.support.fake_receiver import receiving
from tests.support.outbox import endpoint, events, twilio
from tests.support.outbox_workers import crew, end_connections, is_anything_left

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

#: Half of the messages are webhooks, half of them texts.
MANY, FEW = 2_500, 250
#: What one worker has under way at most that has no key: twice its threads. Of what has one it takes more at once.
UNDER_WAY, WITH_KEY = 32, 256
#: So long all of it may take, in seconds.
LONGEST_S = 240


@pytest.fixture
def receiver():
    # So that many are under way whenever a worker is killed.
    with receiving(delay_s=0.05) as both:
        yield both


@pytest.fixture
def program(receiver):
    made = factories.program()
    endpoint(made, f"{receiver[1]}/hook")
    twilio(made, receiver[1])
    return made


def run(workers, disturb, *, every_s):
    """Ring until nothing is left, and call `disturb` every so often while something is."""
    for one in (workers.start(), workers.start()):
        one.wait_until_ready()
    began = disturbed = time.monotonic()
    while is_anything_left():
        assert time.monotonic() < began + LONGEST_S, workers.told()
        workers.ring()
        time.sleep(0.25)
        if time.monotonic() > disturbed + every_s and all(one.is_ready() for one in workers.workers):
            disturb()
            disturbed = time.monotonic()


def check(told, receiver):
    """What has arrived, against what is stored."""
    names = {one.name for one in told}
    hooks = Counter(one.key for one in receiver.accepted if one.key)
    texts = Counter(one.name for one in receiver.accepted if not one.key)
    assert set(hooks) == names, "a webhook is missing"
    assert set(hooks.values()) == {1}
    bodies = {one.key: one.body for one in receiver.accepted if one.key}
    assert all(bodies[one.key] == one.body for one in receiver.repeated)
    assert set(texts) <= names
    assert max(texts.values()) == 1, "a text was sent twice"
    states = {
        (kind, name): state for kind, name, state in Delivery.objects.values_list("kind", "event__name", "state")
    }
    assert len(states) == 2 * len(names)
    assert {state for (kind, _), state in states.items() if kind == "webhook"} == {"sent"}
    of_texts = {name: state for (kind, name), state in states.items() if kind == "note"}
    assert set(of_texts.values()) <= {"sent", "unknown"}
    assert {name for name, state in of_texts.items() if state == "sent"} <= set(texts)
    assert not Attempt.objects.filter(ended_at=None).exists()
    return Counter(of_texts.values())


def test_workers_that_are_killed_every_few_seconds_lose_nothing_and_double_nothing(program, receiver, tmp_path):
    is_large = connection.vendor == "postgresql"
    told = events(program, MANY if is_large else FEW)
    with crew(tmp_path, OUTBOX_LEASE_S="6") as workers:

        def disturb():
            if not is_large and workers.kills:
                # To start takes longer than to send what is left.
                return
            workers.kill_one()
            if not is_large:
                # Of two only one is at it at a time.
                workers.kill_one()
            elif workers.kills == 2:
                workers.empty_the_broker()

        run(workers, disturb, every_s=1.5 if is_large else 0.5)
        kills = workers.kills
    counts = check(told, receiver[0])
    cut_off = Attempt.objects.filter(result="cut-off").count()
    assert kills >= (3 if is_large else 2)
    assert cut_off > 0, "nobody was killed in the middle of anything"
    # No more than what was under way at those who were killed: a lease is nobody else's before it is over.
    in_doubt = Attempt.objects.filter(result="cut-off", has_key=False).count()
    assert in_doubt <= kills * UNDER_WAY
    assert cut_off - in_doubt <= kills * WITH_KEY
    assert counts["unknown"] + len(receiver[0].repeated) <= cut_off


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no server to restart")
def test_a_database_that_ends_all_connections_again_and_again_loses_nothing(program, receiver, tmp_path):
    told = events(program, MANY // 5)
    ended = []
    with crew(tmp_path, OUTBOX_LEASE_S="6") as workers:
        run(workers, lambda: ended.append(end_connections()), every_s=0.4)
    check(told, receiver[0])
    assert sum(ended) > 2
