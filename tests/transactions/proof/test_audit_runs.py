"""How is the audit run? As a command, while others post, and after a whole life of points."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from partners.activity import Adjustment, Decision, Reversal, Transfer
from programs import versions
from tests.support import factories
from tests.support.auditing import BALANCE, sql, tell
from tests.support.factories import post, post_one, purchase, redemption, reversal
from transactions import ledger
from transactions.proof.audit import audit


def test_the_number_of_statements_does_not_grow_with_the_members(made, busy, django_assert_max_num_queries):
    for _ in range(20):
        post_one(made, purchase(factories.member(made), 1_000))
    with django_assert_max_num_queries(60):
        assert tell(made) == {}


@pytest.mark.django_db(transaction=True)
def test_a_process_that_has_compiled_nothing_yet_audits_as_well():
    made = factories.program()
    post_one(made, purchase(factories.member(made), 1_000))
    versions.forget()
    assert run("--program", made.code)[0] == 0
    made.name = "Another version"
    made.save()
    versions.forget()
    assert run("--program", made.code)[0] == 0


def run(*options):
    out = io.StringIO()
    try:
        call_command("audit", *options, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return 0, out.getvalue(), ""


def test_the_command_reports_and_exits_accordingly(made, busy):
    calm = factories.program()
    assert run() == (0, "2 members: everything follows from the ledger.\n", "")
    sql(BALANCE.format("lifetime_earned = lifetime_earned + 1"), busy.pk)
    code, told, error = run()
    balance = busy.balances.get(currency__code="points").lifetime_earned
    expected = f"member {busy.number} points: lifetime_earned is {balance}, the ledger says {balance - 1}"
    assert code == 1
    assert f"{made.code}: {expected}" in told.splitlines()
    assert error == "2 differences. Nothing was changed."
    assert run("--program", made.code)[0] == 1
    assert run("--program", calm.code)[0] == 0
    assert run("--program", "nonsense")[0] == 2


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_posting_in_between_neither_waits_nor_shows():
    """Each chunk is read from a snapshot of its own."""
    made = factories.program()
    who = factories.member(made)
    post_one(made, purchase(who, 1_000))
    sql("UPDATE members_balance SET lifetime_earned = 11 WHERE member_id = %s AND lifetime_earned = 10", who.pk)
    drifts = audit(made)
    assert next(drifts).what == "lifetime_earned"
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(_post_and_leave, made, who).result(timeout=60)
    assert {drift.what for drift in drifts} == {"lifetime_earned", "the lifetime totals together"}
    assert not connection.in_atomic_block
    assert factories.held(who) == 20


def _post_and_leave(made, who):
    try:
        post_one(made, purchase(who, 1_000))
    finally:
        connection.close()


def test_the_whole_life_of_points_is_right(made, who, other):
    """Pending, reserved, confirmed, released, run out, given away, refunded into arrears, corrected, expired."""
    made.currencies.update(pending_days=14)
    points = made.currencies.get(code="points")
    points.refund_policy, points.transfers, points.transfer_fee_percent = "arrears", True, 10
    points.save()
    now = factories.at(2026, 1, 10)
    first = post_one(made, purchase(who, 60_000), now=now)
    post(made, purchase(other, 30_000), purchase(who, 5_000, "late"), now=now)
    post(made, Reversal("half", order="late", amount=2_000), now=now + timedelta(days=2))
    now += timedelta(days=30)
    reserved = [post_one(made, redemption(who, 40, reserve_s=600), now=now).journal_id for _ in range(4)]
    actions = [Decision(reserved[0], "confirm"), Decision(reserved[1], "release")]
    assert {result.status for result in post(made, *actions, now=now + timedelta(minutes=1))} == {"posted"}
    assert tell(made) == {}
    later = now + timedelta(minutes=30)
    gift = Transfer("gift", {"number": who.number}, {"number": other.number}, 100)
    fix = Adjustment("fix", {"number": other.number}, 70, "Late delivery")
    debit = Adjustment("debit", {"number": other.number}, -30, "Points of another")
    results = post(made, gift, fix, debit, now=later)
    assert {result.status for result in results} == {"posted"}
    post_one(made, redemption(who, 300), now=later)
    for result in results[1:]:
        post_one(made, reversal(result.journal_id), now=later)
    post_one(made, reversal(first.journal_id), now=later)
    assert who.balances.get(currency=points).arrears > 0
    assert tell(made) == {}
    assert ledger.refresh(made.pk, [other.pk], now=now + timedelta(days=800))
    assert other.balances.get(currency=points).lifetime_expired > 0
    assert tell(made) == {}
