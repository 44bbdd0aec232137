"""Each defect that somebody could plant behind the ledger's back is found, and named."""

from dataclasses import astuple

import pytest

from tests.support import factories
from tests.support.auditing import BALANCE, sql, tell
from tests.support.factories import post_one, purchase
from tests.support.promoting import buy, promotion
from transactions.models import Entry, Journal, Lot, PromotionUse, Trace
from transactions.proof.audit import CHECKS, audit
from transactions.proof.audit.orphans import NAMED


def test_what_the_ledger_wrote_is_right(made, busy):
    assert Entry.objects.count() >= 10
    assert tell(made) == {}
    assert tell(made, chunk=1) == {}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("available = available + 1", {"available points", "what can be spent"}),
        ("pending = pending + 1", {"pending points", "what is pending"}),
        ("reserved = reserved + 1", {"reserved points", "what is reserved"}),
        ("available = 0, arrears = 1", {"available points", "what can be spent", "arrears points"}),
        ("lifetime_earned = lifetime_earned + 1", {"lifetime_earned"}),
        ("lifetime_redeemed = lifetime_redeemed - 1", {"lifetime_redeemed"}),
        ("lifetime_reversed = lifetime_reversed + 1", {"lifetime_reversed"}),
        ("lifetime_expired = lifetime_expired + 1", {"lifetime_expired"}),
        ("lifetime_transferred = lifetime_transferred + 1", {"lifetime_transferred"}),
    ],
)
def test_a_moved_balance_is_found(made, busy, change, found):
    sql(BALANCE.format(change), busy.pk)
    drifts = tell(made)
    assert drifts.keys() == found | {"the lifetime totals together"}
    assert {(drift.member, drift.currency) for drift in drifts.values()} == {(busy.number, "points")}
    assert all(drift.stored != drift.computed for drift in drifts.values())


def test_a_lost_balance_is_found(made, busy):
    sql("DELETE FROM members_balance WHERE member_id = %s", busy.pk)
    assert {"available points", "what can be spent"} <= tell(made).keys()


def test_a_balance_out_of_nothing_is_found(made, busy):
    stranger = factories.member(made)
    currency = made.currencies.get(code="status")
    stranger.balances.create(currency=currency, available=5)
    drift = tell(made)["available points"]
    assert (drift.member, drift.currency, drift.stored, drift.computed) == (stranger.number, "status", 5, 0)


def test_a_lot_that_remains_too_much_is_found(made, busy):
    lot = Lot.objects.filter(member=busy, remaining__gt=1).first()
    sql("UPDATE transactions_lot SET remaining = remaining - 1 WHERE entry_id = %s", lot.pk)
    assert tell(made).keys() == {"what can be spent", f"what remains of lot {lot.pk}"}


def test_a_lot_of_another_size_than_its_entry_is_found(made, busy):
    lot = Lot.objects.filter(member=busy, remaining__gt=1).first()
    sql("UPDATE transactions_lot SET points = points + 1, remaining = remaining + 1 WHERE entry_id = %s", lot.pk)
    assert f"what lots and traces say of entry {lot.pk}" in tell(made)


def test_a_lot_of_another_member_is_found(made, busy, other):
    lot = Lot.objects.filter(member=busy, remaining__gt=1).first()
    sql("UPDATE transactions_lot SET member_id = %s WHERE entry_id = %s", other.pk, lot.pk)
    found = tell(made)
    assert f"the member or currency of lot {lot.pk}" in found
    assert "what can be spent" in found


def test_a_lost_trace_is_found(made, busy):
    trace = Trace.objects.filter(entry__member=busy, entry__kind="debit").first()
    sql("DELETE FROM transactions_trace WHERE id = %s", trace.pk)
    found = tell(made)
    assert found.keys() >= {
        f"what remains of lot {trace.lot_id}",
        f"what lots and traces say of entry {trace.entry_id}",
    }


def test_a_trace_to_the_lot_of_another_is_found(made, busy, other):
    trace = Trace.objects.filter(entry__member=busy).first()
    sql("UPDATE transactions_trace SET lot_id = %s WHERE id = %s", Lot.objects.get(member=other).pk, trace.pk)
    assert f"the lot of trace {trace.pk}" in tell(made)


LEDGER = {
    "transaction": Journal,
    "entry": Entry,
    "lot": Lot,
    "trace": Trace,
    "use of a promotion": PromotionUse,
}


@pytest.mark.parametrize("named", NAMED, ids=lambda named: f"{named.field} of {named.row}")
def test_what_names_a_row_that_is_missing_is_found(made, busy, named):
    elsewhere = factories.program()
    promotion(made)
    buy(made, busy)
    row = LEDGER[named.row]._base_manager.order_by("pk").last()
    missing = getattr(row, f"{named.field}_id") + 10**6
    sql(f"UPDATE {row._meta.db_table} SET {named.field}_id = %s WHERE {row._meta.pk.column} = %s", missing, row.pk)
    drift = tell(made)[f"the {named.field} of {named.row} {row.pk}"]
    assert str(drift) == f"the {named.field} of {named.row} {row.pk} is missing, the ledger says {missing}"
    # Whose program is missing, or unknown, is told with every program.
    assert (tell(elsewhere) == {}) is (named.field not in ("program", "entry", "journal"))


def test_every_row_is_looked_for_that_is_named_without_a_foreign_key_of_the_database():
    fields = {
        (row, field.name, field.related_model._meta.db_table)
        for row, model in LEDGER.items()
        for field in model._meta.concrete_fields
        if field.remote_field and not field.db_constraint
    }
    assert {astuple(named) for named in NAMED} == fields


@pytest.mark.parametrize("currency", ["points", "status"])
@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("points", "the points of entry {}"),
        ("available", "balance_after of entry {}"),
        ("arrears", "balance_after of entry {}"),
        ("pending", "pending points"),
        ("reserved", "reserved points"),
    ],
)
def test_a_changed_entry_is_found(made, busy, currency, column, found):
    entry = Entry.objects.filter(member=busy, currency__code=currency).last()
    sql(f"UPDATE transactions_entry SET {column} = {column} + 1 WHERE id = %s", entry.pk)
    assert {f"chain of entry {entry.pk}", found.format(entry.pk)} <= tell(made).keys()


def test_a_changed_running_balance_is_found(made, busy):
    entry = Entry.objects.filter(member=busy).last()
    sql("UPDATE transactions_entry SET balance_after = balance_after + 1 WHERE id = %s", entry.pk)
    assert {f"chain of entry {entry.pk}", f"balance_after of entry {entry.pk}"} <= tell(made).keys()


@pytest.mark.parametrize("change", ["activity_at", "posted_at"])
def test_a_changed_date_is_found(made, busy, change):
    entry = Entry.objects.filter(member=busy).first()
    sql(f"UPDATE transactions_entry SET {change} = %s WHERE id = %s", "2026-01-01 00:00:00", entry.pk)
    assert f"chain of entry {entry.pk}" in tell(made)


def test_a_removed_entry_is_found(made, busy):
    entry = Entry.objects.filter(member=busy, currency__code="status").last()
    sql("DELETE FROM transactions_entry WHERE id = %s", entry.pk)
    after = Entry.objects.get(member=busy, sequence=entry.sequence + 1)
    assert {"available points", f"sequence of entry {after.pk}", f"chain of entry {after.pk}"} <= tell(made).keys()


def test_a_removed_last_entry_is_found(made, busy):
    last = Entry.objects.filter(member=busy).order_by("sequence").last()
    assert not Trace.objects.filter(entry=last).exists()
    sql("DELETE FROM transactions_entry WHERE id = %s", last.pk)
    assert {"the last sequence", "the last chain"} <= tell(made).keys()


@pytest.mark.parametrize("change", ["sequence = sequence + 1", "chain = 'ff'"])
def test_a_changed_end_of_the_ledger_is_found(made, busy, change):
    sql(f"UPDATE members_member SET {change} WHERE id = %s", busy.pk)
    assert tell(made).keys() == {f"the last {change.split()[0]}"}


def test_the_end_of_a_ledger_without_entries_is_checked(made, busy):
    stranger = factories.member(made)
    sql("UPDATE members_member SET sequence = 3 WHERE id = %s", stranger.pk)
    assert str(tell(made)["the last sequence"]) == (
        f"member {stranger.number}: the last sequence is 3, the ledger says 0"
    )


def test_an_entry_of_the_transaction_of_another_is_found(made, busy, other):
    journal = Journal.objects.filter(member=busy, kind="accrual").first()
    sql("UPDATE transactions_journal SET member_id = %s WHERE id = %s", other.pk, journal.pk)
    assert f"the journal of entry {journal.entries.first().pk}" in tell(made)


@pytest.mark.parametrize(("old", "new"), [("reversed", "processed"), ("processed", "reversed")])
def test_a_wrong_status_is_found(made, busy, old, new):
    journal = Journal.objects.get(member=busy, kind="accrual", status=old)
    sql("UPDATE transactions_journal SET status = %s WHERE id = %s", new, journal.pk)
    drift = tell(made)[f"the status of transaction {journal.pk}"]
    assert (drift.stored, drift.currency) == (new, "")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE members_tally SET points = points + 1 WHERE member_id = %s",
        "DELETE FROM members_tally WHERE member_id = %s",
    ],
)
def test_a_wrong_tally_is_found(made, busy, change):
    sql(change, busy.pk)
    drifts = tell(made)
    assert [what.startswith("the tally from") for what in drifts] == [True]
    assert {(drift.member, drift.currency) for drift in drifts.values()} == {(busy.number, "status")}


def test_a_tally_of_a_window_without_points_is_found(made, busy, other):
    status = made.currencies.get(code="status")
    main = made.tier_groups.get()
    busy.tallies.create(group=main, currency=status, period="2001-01-01", points=7)
    factories.member(made).tallies.create(group=main, currency=status, period="2001-01-01", points=8)
    assert sorted(drift.stored for drift in audit(made)) == [7, 8]


def test_a_tally_is_measured_by_the_terms_of_its_time(made, busy):
    """What was counted over a lifetime stays so when marketing turns to calendar years."""
    group = made.tier_groups.get()
    group.model = "calendar"
    group.save()
    post_one(made, purchase(busy, 5_000))
    assert busy.tallies.count() == 2
    assert tell(made) == {}


def test_every_check_has_a_name_of_its_own():
    names = [getattr(check, "what", None) or check.__name__ for check in CHECKS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("value", ["NULL", "'2999-01-01 00:00:00'"])
def test_a_balance_that_would_sleep_too_long_is_found(made, busy, value):
    sql(f"UPDATE members_balance SET next_change_at = {value} WHERE member_id = %s", busy.pk)
    assert tell(made).keys() == {"the next change"}


@pytest.mark.parametrize(
    ("kind", "change", "found"),
    [
        ("accrual", "reversed_amount = reversed_amount - 1", "what was refunded of transaction {}"),
        ("redemption", "reversed_amount = reversed_amount - 1", "what was given back of redemption {}"),
        ("redemption", "status = 'partially_reversed'", "what was given back of redemption {}"),
    ],
)
def test_a_wrong_note_of_what_was_taken_back_is_found(made, busy, kind, change, found):
    journal = Journal.objects.get(member=busy, kind=kind, status="reversed")
    sql(f"UPDATE transactions_journal SET {change} WHERE id = %s", journal.pk)
    assert tell(made).keys() == {found.format(journal.pk)}
