"""Rules that the database itself holds, whatever the code above it does."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from members.models import Balance, Standing, Tally
from tests.support.factories import held, post_one, purchase, redemption
from transactions.models import Entry, Journal, Lot, Trace


@pytest.fixture
def spent(made, who):
    """A member who bought and redeemed; returns the two journals."""
    ids = [post_one(made, item).journal_id for item in (purchase(who, 1000), redemption(who, 4))]
    return [Journal.objects.get(pk=key) for key in ids]


def refuses(name):
    """The constraint `name` says no; SQLite tells the name of a check only."""
    return pytest.raises(IntegrityError, match=name if connection.vendor == "postgresql" else None)


def copy(row, **changes):
    """Insert a row like `row` but for `changes`."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    type(row)._base_manager.bulk_create([type(row)(**(values | {"id": None} | changes))])


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"available": -1}, "available_not_negative"),
        ({"pending": -1}, "pending_not_negative"),
        ({"reserved": -1}, "reserved_not_negative"),
        ({"arrears": -1}, "arrears_not_negative"),
        ({"available": 1, "arrears": 1}, "nothing_available_while_in_arrears"),
    ],
)
def test_a_balance_is_never_impossible(who, spent, change, name):
    with refuses(name), transaction.atomic():
        Balance.objects.filter(member=who).update(**change)
    assert held(who) == 6


def test_a_member_has_one_balance_of_a_currency(who, spent):
    with refuses("one_balance_each"), transaction.atomic():
        copy(who.balances.first())


def test_a_member_has_one_tally_of_a_window(who, spent):
    with refuses("one_tally_each_window"), transaction.atomic():
        copy(Tally.objects.get(member=who))


def test_a_member_has_one_current_tier_of_a_group(who):
    with refuses("one_current_tier_per_group"), transaction.atomic():
        copy(who.standings.get())
    copy(who.standings.get(), is_current=False, until_at=timezone.now())


def test_a_standing_does_not_end_before_it_begins(who):
    standing = who.standings.get()
    with refuses("standing_ends_after_it_starts"), transaction.atomic():
        Standing.objects.update(until_at=standing.from_at - timezone.timedelta(seconds=1))


@pytest.mark.parametrize("remaining", [-1, 11])
def test_what_is_left_of_a_lot_lies_within_it(spent, remaining):
    with (
        connection.cursor() as cursor,
        refuses("lot_remaining_within_points"),
        transaction.atomic(),
    ):
        cursor.execute("UPDATE transactions_lot SET remaining = %s", [remaining])
    assert Lot.objects.get().remaining == 6


def test_a_fact_has_one_journal(spent):
    with refuses("one_journal_per_fact"), transaction.atomic():
        copy(spent[0])


def test_a_journal_has_a_name(spent):
    with refuses("journal_has_an_external_id"), transaction.atomic():
        copy(spent[0], external_id="")


def test_only_a_reversal_reverses_and_always_does(spent):
    with refuses("only_a_reversal_reverses"), transaction.atomic():
        copy(spent[0], external_id="a", reverses_id=spent[1].pk)
    with refuses("only_a_reversal_reverses"), transaction.atomic():
        copy(spent[0], external_id="b", kind="reversal")


def test_more_than_the_order_cannot_be_refunded(spent):
    order = next(journal for journal in spent if journal.kind == "accrual")
    with refuses("refunded_within_amount"), transaction.atomic():
        Journal.objects.filter(pk=order.pk).put(reversed_amount=order.amount + 1)
    with refuses("reversed_amount_not_negative"), transaction.atomic():
        Journal.objects.filter(pk=order.pk).put(reversed_amount=-1)


def test_what_is_booked_has_a_member(spent):
    with refuses("what_is_booked_has_a_member"), transaction.atomic():
        copy(spent[0], external_id="a", member_id=None)


def test_entries_and_traces_move_something_and_are_numbered_once(spent):
    with refuses("entry_moves_points"), transaction.atomic():
        copy(Entry.objects.first(), points=0, sequence=99)
    with refuses("entry_sequence_once_per_member"), transaction.atomic():
        copy(Entry.objects.first())
    with refuses("trace_has_points"), transaction.atomic():
        copy(Trace.objects.get(), points=0)
