"""Whatever is wrong with an item, its sender learns which field and why, and nothing is written."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from loyalty_site.lib.money import LARGEST
from members.models import Customer, Member
from partners.activity import Activity, Redemption, Reversal
from programs.models import Participation
from tests.support import factories
from tests.support.factories import line, post, post_one, purchase, redemption, reversal
from transactions import ledger

LONG = "x" * 10**6


@pytest.fixture
def is_refused(made, who, count_rows):
    """Posts one item; checks its refusal, and that it left no trace in any table."""
    post_one(made, purchase(who, 1000))

    def check(item, code, field):
        before = count_rows()
        result = post(made, item)[0]
        assert (result.status, result.journal_id, result.answer) == ("refused", None, None)
        assert (result.refusal.code, result.refusal.field) == (code, field)
        assert result.refusal.detail.endswith((".", '"'))
        assert count_rows() == before
        assert factories.held(who) == 10

    return check


FUTURE = timezone.now() + timedelta(hours=1)

PURCHASES = [
    ({"external_id": ""}, "external_id_missing", "external_id"),
    ({"external_id": "x" * 129}, "text_too_long", "external_id"),
    ({"external_id": "a\0b"}, "invalid_text", "external_id"),
    ({"external_id": "\ud800"}, "invalid_text", "external_id"),
    ({"external_id": 7}, "invalid_text", "external_id"),
    ({"kind": ""}, "activity_missing", "activity"),
    ({"kind": LONG}, "text_too_long", "activity"),
    ({"channel": "x" * 21}, "text_too_long", "channel"),
    ({"channel": ["web"]}, "invalid_text", "channel"),
    ({"partner": "x" * 41}, "text_too_long", "partner"),
    ({"store": LONG}, "text_too_long", "store"),
    ({"code": "x" * 65}, "text_too_long", "code"),
    ({"code": None}, "invalid_text", "code"),
    ({"money": LONG}, "text_too_long", "currency"),
    ({"money": ["EUR"]}, "invalid_text", "currency"),
    ({"money": "eur"}, "currency_unknown", "currency"),
    ({"money": "XQX"}, "currency_unknown", "currency"),
    ({"amount": -1}, "invalid_number", "amount"),
    ({"amount": LARGEST + 1}, "invalid_number", "amount"),
    ({"amount": 10**30}, "invalid_number", "amount"),
    ({"amount": 1.5}, "invalid_number", "amount"),
    ({"amount": "10"}, "invalid_number", "amount"),
    ({"amount": True}, "invalid_number", "amount"),
    ({"tax": -1}, "invalid_number", "tax"),
    ({"shipping": 10**30}, "invalid_number", "shipping"),
    ({"gift_card": "1"}, "invalid_number", "gift_card"),
    ({"points_value": -1}, "invalid_number", "points_value"),
    ({"tax": 600, "shipping": 500}, "invalid_amount", "amount"),
    ({"tax": 600, "shipping": 500, "shipping_tax": 99}, "invalid_amount", "amount"),
    ({"tax": 100, "shipping": 500, "shipping_tax": 101}, "invalid_amount", "shipping_tax"),
    ({"tax": 500, "shipping": 100, "shipping_tax": 101}, "invalid_amount", "shipping_tax"),
    ({"shipping_tax": 1}, "invalid_amount", "shipping_tax"),
    ({"shipping_tax": -1}, "invalid_number", "shipping_tax"),
    ({"tax": 5, "shipping": 5, "lines": (line("S", "1"),)}, "invalid_number", "lines[0].amount"),
    ({"lines": (line("S", 100, discount=-1),)}, "invalid_number", "lines[0].discount"),
    ({"lines": (line("S", 100, discount=101),)}, "invalid_amount", "lines[0].discount"),
    ({"lines": (line("S", 100, tax=10, discount=91),)}, "invalid_amount", "lines[0].tax"),
    ({"lines": (line("S", -1),)}, "invalid_number", "lines[0].amount"),
    ({"lines": (line(), line("S", 100, tax=101))}, "invalid_amount", "lines[1].tax"),
    ({"lines": (line("S", 1, quantity=-1),)}, "invalid_number", "lines[0].quantity"),
    ({"lines": (line("S", 1, quantity=10**7),)}, "invalid_number", "lines[0].quantity"),
    ({"lines": (line("x" * 65, 1),)}, "text_too_long", "lines[0].sku"),
    ({"lines": (line(7, 1),)}, "invalid_text", "lines[0].sku"),
    ({"lines": (line("S", 1, category="\0"),)}, "invalid_text", "lines[0].category"),
    ({"lines": (line(),) * 1001}, "too_many_lines", "lines"),
    ({"activity_at": FUTURE}, "invalid_date", "activity_at"),
    ({"activity_at": datetime.max.replace(tzinfo=UTC)}, "invalid_date", "activity_at"),
    ({"activity_at": datetime.min.replace(tzinfo=UTC)}, "invalid_date", "activity_at"),
    ({"activity_at": FUTURE - timedelta(days=400)}, "invalid_date", "activity_at"),
    ({"activity_at": datetime(2026, 1, 1)}, "invalid_date", "activity_at"),
    ({"activity_at": "2026-01-01T00:00:00Z"}, "invalid_date", "activity_at"),
    ({"store": "nowhere"}, "store_unknown", "store"),
    ({"partner": "nobody"}, "partner_unknown", "partner"),
    ({"attributes": []}, "invalid_attributes", "attributes"),
    ({"attributes": {"a": "\0"}}, "invalid_attributes", "attributes"),
    ({"attributes": {"a": "\ud800"}}, "invalid_attributes", "attributes"),
    ({"attributes": {"a": float("nan")}}, "invalid_attributes", "attributes"),
    ({"attributes": {"a": object()}}, "invalid_attributes", "attributes"),
    ({"attributes": {1: 2, "a": 3}}, "invalid_attributes", "attributes"),
    ({"attributes": {"a": LONG}}, "invalid_attributes", "attributes"),
]


@pytest.mark.parametrize(("change", "code", "field"), PURCHASES, ids=lambda value: str(value)[:40])
def test_a_bad_purchase_is_refused(who, is_refused, change, code, field):
    values = {"kind": "purchase", "external_id": "refused", "member": {"number": who.number}, "amount": 1000}
    is_refused(Activity(**(values | change)), code, field)


MEMBERS = [
    ({}, "member_missing", "member"),
    ({"number": ""}, "member_missing", "member"),
    ({"number": "4242424242"}, "member_unknown", "member.number"),
    ({"card": "C-1"}, "member_unknown", "member.card"),
    ({"external_id": "C-1"}, "member_unknown", "member.external_id"),
    ({"email": "nobody@example.com"}, "member_unknown", "member.email"),
    ({"phone": "+33600000000"}, "member_unknown", "member.phone"),
    ({"name": "Ada"}, "unknown_field", "member.name"),
    ({"number": "\0"}, "invalid_text", "member.number"),
    ({"number": "\udfff"}, "invalid_text", "member.number"),
    ({"number": "x" * 255}, "invalid_text", "member.number"),
    ({"email": LONG}, "invalid_text", "member.email"),
    ({"number": 4242424242}, "invalid_text", "member.number"),
    ({"number": None}, "invalid_text", "member.number"),
    ({"number": ["1"]}, "invalid_text", "member.number"),
    ("42", "invalid_member", "member"),
    (None, "invalid_member", "member"),
    (["42"], "invalid_member", "member"),
    ({1: "42", "number": "42"}, "unknown_field", "member.1"),
]


@pytest.mark.parametrize(("member", "code", "field"), MEMBERS, ids=lambda value: str(value)[:40])
def test_a_badly_named_member_is_refused(is_refused, member, code, field):
    is_refused(Activity(kind="purchase", external_id="refused", member=member, amount=1000), code, field)


def test_a_member_of_another_program_is_unknown(made, is_refused):
    stranger = factories.member(factories.program(owner=made.owner))
    is_refused(purchase(stranger, 1000), "member_unknown", "member.number")


def test_an_email_address_of_two_members_names_neither(made, is_refused):
    for _ in range(2):
        twin = factories.member(made)
        Customer.objects.filter(pk=twin.customer_id).update(email_key="twin@example.com")
    item = Activity(kind="purchase", external_id="o", member={"email": "Twin@example.com"}, amount=1000)
    is_refused(item, "member_ambiguous", "member.email")


@pytest.mark.parametrize("status", [Member.Status.SUSPENDED, Member.Status.CLOSED])
def test_a_member_who_is_not_active_neither_earns_nor_spends(who, is_refused, status):
    Member.objects.filter(pk=who.pk).update(status=status)
    is_refused(purchase(who, 1000), "member_not_active", "member")
    is_refused(redemption(who, 1), "member_not_active", "member")


REDEMPTIONS = [
    ({"points": 0}, "invalid_number", "points"),
    ({"points": -5}, "invalid_number", "points"),
    ({"points": 1.5}, "invalid_number", "points"),
    ({"points": "5"}, "invalid_number", "points"),
    ({"points": 10**30}, "invalid_number", "points"),
    ({"points": 11}, "insufficient_points", "points"),
    ({"currency": "status"}, "currency_unknown", "currency"),
    ({"currency": "miles"}, "currency_unknown", "currency"),
    ({"currency": ["points"]}, "invalid_text", "currency"),
    ({"currency": LONG}, "text_too_long", "currency"),
    ({"store": "nowhere"}, "store_unknown", "store"),
    ({"partner": "nobody"}, "partner_unknown", "partner"),
    ({"reason": "x" * 201}, "text_too_long", "reason"),
    ({"external_id": ""}, "external_id_missing", "external_id"),
    ({"activity_at": FUTURE}, "invalid_date", "activity_at"),
    ({"attributes": {"a": "\0"}}, "invalid_attributes", "attributes"),
]


@pytest.mark.parametrize(("change", "code", "field"), REDEMPTIONS, ids=lambda value: str(value)[:40])
def test_a_bad_redemption_is_refused(who, is_refused, change, code, field):
    values = {"external_id": "spend-9", "member": {"number": who.number}, "points": 1}
    is_refused(Redemption(**(values | change)), code, field)


REVERSALS = [
    ({"journal_id": 10**12}, "transaction_unknown", "transaction"),
    ({"journal_id": "7"}, "invalid_number", "transaction"),
    ({"journal_id": 10**30}, "invalid_number", "transaction"),
    ({"journal_id": None}, "invalid_number", "transaction"),
    ({"journal_id": -1}, "invalid_number", "transaction"),
    ({"reason": "\0"}, "invalid_text", "reason"),
    ({"external_id": "x" * 129}, "text_too_long", "external_id"),
]


@pytest.mark.parametrize(("change", "code", "field"), REVERSALS, ids=lambda value: str(value)[:40])
def test_a_bad_reversal_is_refused(is_refused, change, code, field):
    is_refused(Reversal(**({"external_id": "undo-9", "journal_id": 1} | change)), code, field)


def test_a_transaction_of_another_program_is_unknown(made, is_refused):
    other = factories.program(owner=made.owner)
    foreign = post_one(other, purchase(factories.member(other), 1000)).journal_id
    is_refused(reversal(foreign), "transaction_unknown", "transaction")


def test_a_store_that_is_closed_or_of_another_partner_is_unknown(made, who, is_refused):
    factories.store(made.owner, "closed", is_active=False)
    factories.store(factories.partner(), "theirs")
    is_refused(purchase(who, 1000, store="closed"), "store_unknown", "store")
    is_refused(purchase(who, 1000, store="theirs"), "store_unknown", "store")


def test_a_fact_from_before_the_enrolment_is_refused(made):
    newcomer = factories.member(made, enrolled_at=timezone.now())
    result = post(made, purchase(newcomer, 1000, activity_at=timezone.now() - timedelta(days=2)))[0]
    assert (result.refusal.code, result.refusal.field) == ("invalid_date", "activity_at")
    earlier = factories.program(owner=made.owner, pre_enrolment_days=3)
    newcomer = factories.member(earlier, enrolled_at=timezone.now())
    assert post_one(earlier, purchase(newcomer, 1000, activity_at=timezone.now() - timedelta(days=2)))


def test_a_clock_that_is_a_little_ahead_is_forgiven(made, who):
    assert post_one(made, purchase(who, 1000, activity_at=timezone.now() + timedelta(minutes=4)))


def test_points_beyond_what_a_ledger_can_hold_are_refused(made, who):
    factories.rule(made, "mad", "per_amount", {"points": "1000000", "per": "0.001"}, group="mad")
    bad, good = post(made, purchase(who, LARGEST), redemption(who, 1))
    assert (bad.refusal.code, bad.refusal.field) == ("points_too_many", "amount")
    assert good.refusal.code == "insufficient_points"
    assert not who.journals.exists()


@pytest.mark.parametrize("status", ["draft", "paused", "closed"])
def test_a_program_takes_facts_only_while_it_is_active(made, who, status):
    item = purchase(who, 1000)
    made.status = status
    made.save()
    with pytest.raises(ledger.ProgramNotActive) as refused:
        post(made, item)
    assert refused.value.refusal.code == "program_not_active"
    assert not who.journals.exists()


def test_a_partner_that_does_not_take_part_is_refused_until_it_does(made, who):
    guest = factories.partner()
    via = factories.Connection.of(guest, "api")
    with pytest.raises(ledger.NotTakingPart):
        post(made, purchase(who, 1000), via=via)
    Participation.objects.create(program=made, partner=guest)
    assert post_one(made, purchase(who, 1000), via=via)
    assert post(made, purchase(who, 1000, partner=guest.code))[0].status == "posted"
