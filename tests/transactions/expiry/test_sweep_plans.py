"""However many are due, and whatever the database believes about that, a sweep costs what is due."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection

from loyalty_site.lib.sql import Session
from members.enrolment import enrol_many
from members.models import Balance, Customer
from tests.support import factories
from tests.support.living import START
from transactions.expiry import sweep
from transactions.models import Lot
from transactions.proof.audit import audit

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="the plain case is for PostgreSQL")

MANY = 300
NOW = START + timedelta(days=3)
GROWING = ("members_", "transactions_")
#: What a row of a table may be read by, what may be repeated for each row of a batch, and what may stand around that.
LOOK_UPS = {"Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Bitmap Index Scan", "Tid Scan"}
REPEATED = LOOK_UPS | {"Function Scan"}
AROUND = {"Memoize", "Subquery Scan"}


@pytest.fixture
def fill(made):
    """A function that makes so many members that a table of them is worth an index; each has some points."""

    def filled():
        people = {f"c-{n}": Customer(last_name=f"n{n}", email=f"{n}@example.com") for n in range(MANY)}
        till = factories.till(made)
        enrolled_at = dict.fromkeys(people, START - timedelta(days=300))
        members = enrol_many(made, people, channel="import", via=till, enrolled_at=enrolled_at).values()
        factories.post(made, *[factories.purchase(who, 1000) for who in members], via=till, now=START)
        return [who.pk for who in members]

    return filled


def end(made, members, at):
    """Let all points of `members` end at that instant."""
    points = made.currencies.get(code="points")
    Lot.objects.filter(member__in=members, currency=points).put(expires_at=at)
    Balance.objects.filter(member__in=members, currency=points).update(next_change_at=at)


def analyze():
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def forget():
    """As after a restore, or before the first ANALYZE ever: the database has counted nothing."""
    tables = "SELECT c.oid FROM pg_class c WHERE c.relname ~ '^(members|transactions)_'"
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            pytest.skip("only a superuser can delete statistics")
        cursor.execute(f"DELETE FROM pg_statistic WHERE starelid IN ({tables})")
        cursor.execute(f"UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE oid IN ({tables})")


def prepare(made, fill, statistics, share):
    """(members who are due, after the database has counted at the worst moment)."""
    if statistics == "of empty tables":
        analyze()
    members = fill()
    due = members[:: MANY // share]
    if statistics == "of all due":
        end(made, members, NOW)
        analyze()
        end(made, members, NOW + timedelta(days=300))
    if statistics == "of nobody due":
        analyze()
    end(made, due, NOW)
    if statistics == "never gathered":
        forget()
    return due


def plans_of(run):
    """(statement, plan) of each large statement of `run`: as planned for these values, and as it is kept
    for any values.
    """
    sent, found = [], []
    send = Session.run_prepared

    def explain(session, statement, params):
        # The values in its text: what is sent without preparation is planned so.
        told = connection.cursor()
        told.execute(f"EXPLAIN (FORMAT JSON, COSTS OFF) {statement}", params)
        found.append((statement, plan_in(told)))
        sent.append(statement)
        return send(session, statement, params)

    with connection.cursor() as cursor, pytest.MonkeyPatch.context() as patched:
        cursor.execute("DISCARD PLANS")
        patched.setattr(Session, "run_prepared", explain)
        run()
        kept = [(statement, *named(cursor, statement)) for statement in sent]
        for statement, name, values in kept:
            cursor.execute(f'EXPLAIN (FORMAT JSON, COSTS OFF) EXECUTE "{name}"{values}')
            found.append((statement, plan_in(cursor)))
    return [(statement, plan) for statement, plan in found if any(word in statement for word in GROWING)]


def named(cursor, statement):
    """(name under which the server keeps a statement, as many nulls as it has parameters)."""
    names = {}
    text = re.sub(r"%\((\w+)\)s", lambda found: f"${names.setdefault(found[1], len(names) + 1)}", statement)
    cursor.execute("SELECT name, generic_plans FROM pg_prepared_statements WHERE statement = %s", [text])
    name, generic = cursor.fetchone()
    assert generic, "it was planned for its values, and that was thrown away"
    return name, f"({', '.join(['NULL'] * len(names))})" if names else ""


def plan_in(cursor):
    told = cursor.fetchone()[0]
    return (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]


def nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def reads_whole(node):
    """Whether this reads a growing table in another way than by a condition on an index."""
    table = node.get("Relation Name", "")
    if not node["Node Type"].endswith("Scan") or not table.startswith(GROWING):
        return False
    return node["Node Type"] not in LOOK_UPS or not {"Index Cond", "Recheck Cond", "TID Cond"} & node.keys()


def repeats_steps(node):
    """Whether this joins rows of a batch with each other, or with a whole table."""
    if node["Node Type"] in ("Hash Join", "Merge Join"):
        return True
    if node["Node Type"] != "Nested Loop":
        return False
    repeated = node["Plans"][1]
    while repeated["Node Type"] in AROUND:
        repeated = repeated["Plans"][0]
    return repeated["Node Type"] not in REPEATED


@pytest.mark.parametrize("share", [1, 3, MANY])
@pytest.mark.parametrize("statistics", ["never gathered", "of empty tables", "of nobody due", "of all due"])
def test_no_step_reads_a_table_or_joins_a_batch_with_itself(made, fill, statistics, share):
    due = prepare(made, fill, statistics, share)
    swept = []
    plans = plans_of(lambda: swept.extend(sweep.sweep(made.pk, now=NOW)))
    assert sum(done.plain for done in swept) == len(due) == share
    wrong = [
        (statement, node)
        for statement, plan in plans
        for node in nodes(plan)
        if reads_whole(node) or repeats_steps(node)
    ]
    assert not wrong
    assert not list(audit(made))


@pytest.mark.parametrize("share", [1, 3, MANY])
@pytest.mark.parametrize("statistics", ["never gathered", "of empty tables", "of nobody due", "of all due"])
def test_who_is_due_is_found_by_that_and_what_a_batch_holds_by_its_members(made, fill, statistics, share):
    """The other way round, few due would cost a walk through all balances, and many a walk through all of them."""
    prepare(made, fill, statistics, share)
    plans = plans_of(lambda: list(sweep.sweep(made.pk, now=NOW)))
    indexes = [
        node["Index Name"] for _, plan in plans for node in nodes(plan) if "balance" in node.get("Index Name", "")
    ]
    assert indexes == ["balances_by_next_change", "one_balance_each"] * 2
