"""A fact told once counts once, and one bad item of a batch never spoils the others."""

import gc
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from members.holdings import Account
from members.models import Balance, Card, Member
from partners.models import Connection
from tests.support import factories
from tests.support.factories import held, line, post, post_one, purchase, redemption, reversal
from transactions import ledger
from transactions.books.idempotency import fingerprint
from transactions.models import Entry, Journal, JournalLine, Lot, Trace


def test_a_purchase_moves_the_balance_at_once(made, who):
    result = post_one(made, purchase(who, 1250))
    assert held(who) == 12
    assert held(who, "status") == 12
    assert result.answer["points"] == {"points": 12, "status": 12}
    assert result.answer["balances"] == {"points": 12, "status": 12}
    assert result.answer["member"] == who.number
    assert result.answer["tiers"] == {"main": "base"}


def test_a_purchase_is_written_down_with_everything_that_was_reported(made, who):
    shop = factories.store(made.owner, "lyon")
    shoes = factories.product(made.owner, "S-1", category="shoes")
    item = purchase(
        who,
        5000,
        "order-7",
        money="EUR",
        lines=(line("S-1", 3000, tax=500), line("unknown", 2000, category="other")),
        channel="store",
        store="lyon",
        code="WELCOME",
        attributes={"till": 4},
    )
    journal = Journal.objects.get(pk=post_one(made, item).journal_id)
    assert (journal.kind, journal.activity, journal.external_id) == ("accrual", "purchase", "order-7")
    assert (journal.amount, journal.money, journal.channel, journal.code) == (5000, "EUR", "store", "WELCOME")
    assert (journal.store, journal.member, journal.program) == (shop, who, made)
    assert journal.attributes == {"till": 4}
    assert journal.fingerprint == fingerprint(item)
    assert journal.program_version == made.version
    lines = list(journal.lines.values_list("position", "product", "sku", "category", "quantity", "amount", "tax"))
    assert lines == [(0, shoes.pk, "S-1", "shoes", 1, 3000, 500), (1, None, "unknown", "other", 1, 2000, 0)]


def test_an_entry_says_what_the_balance_was_after_it(made, who):
    for amount in (1000, 500, 2000):
        post_one(made, purchase(who, amount))
    after = who.entries.filter(currency__code="points").order_by("sequence").values_list("points", "balance_after")
    assert list(after) == [(10, 10), (5, 15), (20, 35)]


def test_lifetime_sums_and_dates_move_with_the_balance(made, who):
    then = timezone.now() - timedelta(days=3)
    post_one(made, purchase(who, 10000, activity_at=then))
    post_one(made, redemption(who, 30))
    balance = Balance.objects.get(member=who, currency__code="points")
    assert (balance.available, balance.lifetime_earned, balance.lifetime_redeemed) == (70, 100, 30)
    assert balance.last_activity_at > then
    assert balance.version == 2
    assert balance.next_change_at == Lot.objects.get(member=who).expires_at


def test_an_activity_that_earns_nothing_is_recorded_all_the_same(made, who):
    result = post_one(made, purchase(who, 99))
    assert result.answer["points"] == {}
    assert Journal.objects.count() == 1
    assert not Entry.objects.exists()


def test_the_same_fact_again_gets_the_stored_answer(made, who, count_rows):
    item = purchase(who, 1000, "order-1")
    first = post_one(made, item)
    before = count_rows()
    again = post(made, item)[0]
    assert (again.status, again.journal_id, again.answer) == ("replayed", first.journal_id, first.answer)
    assert held(who) == 10
    assert count_rows() == before


def test_the_same_fact_is_told_again_though_its_member_is_not_found_any_more(made, who):
    """A card that was lost meanwhile; what was not posted before is refused, alone or beside it."""
    card = Card.objects.create(member=who, number="C-1")
    item = replace(purchase(who, 1000, "order"), member={"card": "C-1"})
    first = post_one(made, item)
    card.delete()
    other = replace(item, external_id="other")
    conflict = replace(item, amount=2000)
    again, refused, differs = post(made, item, other, conflict)
    assert (again.status, again.journal_id, again.answer) == ("replayed", first.journal_id, first.answer)
    assert [one.refusal.code for one in (refused, differs)] == ["member_unknown"] * 2
    assert Journal.objects.count() == 1


def test_a_replay_tells_what_was_true_then(made, who):
    item = purchase(who, 1000, "order-1")
    post_one(made, item)
    post_one(made, purchase(who, 7000))
    assert post(made, item)[0].answer["balances"]["points"] == 10


def test_the_same_instant_in_another_zone_is_the_same_fact(made, who):
    at = timezone.now() - timedelta(days=1)
    post_one(made, purchase(who, 1000, "order-1", activity_at=at))
    elsewhere = at.astimezone(made.zone)
    assert post(made, purchase(who, 1000, "order-1", activity_at=elsewhere))[0].status == "replayed"


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 1001},
        {"money": "EUR"},
        {"lines": (line("S-1", 1000),)},
        {"channel": "web"},
        {"code": "X"},
        {"attributes": {"a": 1}},
        {"kind": "visit"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_content_under_the_same_name_is_a_conflict(made, who, change, count_rows):
    values = {"kind": "purchase", "external_id": "order-1", "member": {"number": who.number}, "amount": 1000}
    post_one(made, factories.Activity(**values))
    before = count_rows()
    result = post(made, factories.Activity(**(values | change)))[0]
    assert (result.status, result.refusal.code) == ("refused", "idempotency_conflict")
    assert result.refusal.field == "external_id"
    assert held(who) == 10
    assert count_rows() == before


def test_another_member_under_the_same_name_is_a_conflict(made, who):
    other = factories.member(made)
    post_one(made, purchase(who, 1000, "order-1"))
    assert post(made, purchase(other, 1000, "order-1"))[0].refusal.code == "idempotency_conflict"
    assert held(other) == 0


def test_one_name_means_another_fact_in_another_kind_connection_or_program(made, who):
    post_one(made, purchase(who, 1000, "7"))
    assert post_one(made, redemption(who, 1, "7")).status == "posted"
    assert post_one(made, purchase(who, 1000, "7"), via=factories.till(made, Connection.Platform.IMPORT))
    other = factories.program(owner=made.owner)
    post_one(other, purchase(factories.member(other), 1000, "7"))
    assert Journal.objects.filter(external_id="7").count() == 4


def test_of_two_equal_items_in_one_batch_the_second_is_refused(made, who):
    item = purchase(who, 1000, "order-1")
    first, second = post(made, item, item)
    assert first.status == "posted"
    assert (second.status, second.refusal.code, second.refusal.field) == (
        "refused",
        "duplicate_in_batch",
        "external_id",
    )
    assert held(who) == 10


def test_a_name_whose_first_item_was_refused_is_free_for_the_second(made, who):
    late = purchase(who, 1000, "order-1", activity_at=timezone.now() - timedelta(days=500))
    refused, posted = post(made, late, purchase(who, 1000, "order-1"))
    assert (refused.status, posted.status) == ("refused", "posted")


def test_one_bad_item_never_spoils_the_others(made, who):
    stranger = Member(number="1234567897")
    batch = [
        purchase(who, 1000),
        purchase(stranger, 1000),
        purchase(who, -5),
        redemption(who, 10**9),
        reversal(987654321),
        purchase(who, 2000, "nul\0"),
        purchase(who, 3000),
    ]
    results = post(made, *batch)
    assert [result.status for result in results] == ["posted"] + ["refused"] * 5 + ["posted"]
    assert held(who) == 40
    assert Journal.objects.count() == 2


def test_results_come_in_the_order_of_the_items(made):
    people = [factories.member(made) for _ in range(5)]
    results = post(made, *[purchase(person, 100 * n) for n, person in enumerate(people, start=1)])
    assert [result.answer["points"]["points"] for result in results] == [1, 2, 3, 4, 5]
    assert [result.answer["member"] for result in results] == [person.number for person in people]


def test_items_of_one_member_are_posted_in_the_order_of_their_dates(made, who):
    now = timezone.now()
    late = purchase(who, 1000, "late", activity_at=now - timedelta(days=1))
    early = purchase(who, 2000, "early", activity_at=now - timedelta(days=2))
    post(made, late, early)
    entries = who.entries.filter(currency__code="points").order_by("sequence")
    assert [entry.journal.external_id for entry in entries] == ["early", "late"]


def test_items_of_one_instant_are_posted_in_the_order_of_the_batch(made, who):
    post(made, purchase(who, 1000, "first"), redemption(who, 10, "second"), purchase(who, 500, "third"))
    entries = who.entries.filter(currency__code="points").order_by("sequence")
    assert [entry.journal.external_id for entry in entries] == ["first", "second", "third"]


def test_points_earned_earlier_in_a_batch_can_be_spent_later_in_it(made, who):
    spend, earn = post(
        made,
        redemption(who, 10, activity_at=timezone.now()),
        purchase(who, 1000, activity_at=timezone.now() - timedelta(hours=1)),
    )
    assert (spend.status, earn.status) == ("posted", "posted")
    assert held(who) == 0


def test_a_batch_of_the_largest_size_is_posted_and_a_larger_one_refused_whole(made, who):
    batch = [purchase(who, 100, f"n-{n}") for n in range(ledger.LARGEST_BATCH)]
    with pytest.raises(ledger.BatchTooLarge):
        post(made, *batch, purchase(who, 100))
    assert not Journal.objects.exists()
    assert {result.status for result in post(made, *batch)} == {"posted"}
    assert held(who) == ledger.LARGEST_BATCH


def test_an_empty_batch_is_no_work(made, django_assert_num_queries):
    till = factories.till(made)
    assert ledger.record([], program_id=made.pk, via=till) == []
    with django_assert_num_queries(0):
        assert ledger.record([], program_id=made.pk, via=till) == []


def test_who_entered_a_fact_is_kept(made, who, django_user_model):
    clerk = django_user_model.objects.create_user("clerk")
    result = post_one(made, purchase(who, 1000), user=clerk)
    assert Journal.objects.get(pk=result.journal_id).user == clerk


def test_an_error_in_the_middle_leaves_nothing_behind(made, who, monkeypatch, count_rows):
    post_one(made, purchase(who, 1000))
    before = count_rows()
    monkeypatch.setattr("members.holdings._save_balances", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        post(made, purchase(who, 1000))
    assert count_rows() == before
    assert held(who) == 10


def test_ledger_lots_and_balance_tell_the_same(made):
    people = [factories.member(made) for _ in range(4)]
    for round_ in range(3):
        post(made, *[purchase(person, 1000 * (n + round_ + 1)) for n, person in enumerate(people)])
        post(made, *[redemption(person, 3 + n) for n, person in enumerate(people)])
    for person in people:
        of_points = {"currency__code": "points"}
        assert sum(person.entries.filter(**of_points).values_list("points", flat=True)) == held(person)
        assert sum(person.lots.values_list("remaining", flat=True)) == held(person)
    assert sum(Trace.objects.values_list("points", flat=True)) == 3 * (3 + 4 + 5 + 6)
    assert not JournalLine.objects.exists()


def test_what_a_batch_has_read_is_freed_without_the_collector(made, who):
    def in_memory():
        return sum(isinstance(each, Account) for each in gc.get_objects())

    gc.collect()
    before = in_memory()
    gc.disable()
    try:
        post(made, purchase(who, 1000), redemption(who, 5), purchase(who, 700))
        assert in_memory() == before
    finally:
        gc.enable()
