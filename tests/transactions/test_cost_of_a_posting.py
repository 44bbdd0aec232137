"""How much work is a posting? Counted in calls of functions, which are the same on every machine."""

import sys
from itertools import count

import pytest
from django.db import connection

from tests.support import factories

pytestmark = pytest.mark.django_db

#: Calls for each purchase of a batch; on SQLite each value that is written takes one.
MOST_CALLS = {"postgresql": 330, "sqlite": 465}
SIZE = 100


def calls_of(function) -> int:
    """How many functions written in Python are called by `function`."""
    calls = count()

    def note(frame, event, argument):
        if event == "call":
            next(calls)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return next(calls)


def test_a_purchase_in_a_batch_calls_few_functions():
    program = factories.program()
    members = [factories.member(program) for _ in range(SIZE)]
    first, second = ([factories.purchase(one, 1250) for one in members] for _ in range(2))
    till = factories.till(program)
    factories.post(program, *first, via=till)
    assert calls_of(lambda: factories.post(program, *second, via=till)) / SIZE <= MOST_CALLS[connection.vendor]
