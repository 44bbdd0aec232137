"""However many tiers are due, and whatever the database believes about that, a night costs what is due."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection

from loyalty_site.lib.sql import Session
from members.models import Standing
from tests.support import many_ladders
from tests.support.factories import at
from tests.support.plans import full_scans
from transactions.tiers import night

NOW = at(2026, 3, 4)
MEMBERS = 60
needs_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="its planner guesses how many are due"
)


@pytest.fixture
def whose(db):
    """Members with eight standings each, so that a table of them is worth an index; none of them is due."""
    made = many_ladders.program()
    return many_ladders.members(made, MEMBERS, since=at(2025, 1, 1))


def end(whose, when):
    """Let the tiers of these members be due at an instant."""
    Standing.objects.filter(member__in=whose).update(due_at=when, valid_until=when)


def analyze():
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def run(whose):
    """Plan and work; returns the keys of the plan."""
    program = whose[0].program_id
    keys = night.plan(program, now=NOW)
    night.work(program, keys, now=NOW)
    return keys


@pytest.mark.parametrize("share", [1, MEMBERS])
def test_no_statement_reads_a_whole_table(whose, share):
    end(whose[:share], NOW)
    with full_scans() as found:
        assert len(run(whose)) == share
    assert not found


@needs_postgresql
@pytest.mark.parametrize("share", [1, MEMBERS])
@pytest.mark.parametrize("counted_when", ["nobody", "everybody"])
def test_who_is_due_is_found_by_that_and_what_they_hold_by_the_members(whose, share, counted_when):
    """The other way round, each batch would walk through all who are due, or the plan through all standings."""
    end(whose, NOW if counted_when == "everybody" else NOW + timedelta(days=300))
    analyze()
    end(whose, NOW + timedelta(days=300))
    end(whose[:share], NOW)
    plans, send = [], Session.run

    def explain(session, statement, params=()):
        if re.match(r"\s*SELECT .*members_standing", statement, re.DOTALL):
            told = send(session, f"EXPLAIN (FORMAT JSON, COSTS OFF) {statement}", params).fetchall()[0][0]
            plans.append(json.dumps(told) if not isinstance(told, str) else told)
        return send(session, statement, params)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Session, "run", explain)
        assert len(run(whose)) == share
    finding, reading = plans
    assert "standings_by_due" in finding
    assert "standings_by_due" not in reading
    assert not [plan for plan in plans if "Seq Scan" in plan]
