"""The garbage collector, which stops everything, leaves postings alone."""

import gc

import pytest

from tests.support import factories
from transactions.apps import COLLECT_AFTER


@pytest.fixture
def rounds():
    """What the collector looked through since, one generation number for each time, as often as in production."""
    seen, before = [], gc.get_threshold()

    def note(phase, info):
        if phase == "start":
            seen.append(info["generation"])

    gc.set_threshold(COLLECT_AFTER)
    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)
    gc.set_threshold(*before)


def test_a_large_batch_is_hardly_looked_through(db, rounds):
    made = factories.program()
    people = [factories.member(made) for _ in range(20)]
    facts = [factories.purchase(people[n % 20], 1000) for n in range(500)]
    rounds.clear()
    factories.post(made, *facts)
    assert len(rounds) <= 3
