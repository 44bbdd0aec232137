"""Lines of what was weighed are stored exactly and refunded in parts; what was stored before stays the same fact."""

from datetime import UTC, datetime

import pytest

from partners.activity import Activity, Line, Redemption, Refunded, Reversal
from partners.stored import dump, load
from tests.support import factories
from tests.support.factories import held, line, post, post_one, purchase, reversal
from tests.support.refunding import NOW, buy, refund
from transactions.books.idempotency import fingerprint
from transactions.models import Journal, JournalLine

THEN = datetime(2026, 3, 9, 17, 30, tzinfo=UTC)
CHEESE = Line("CHEESE", "dairy", 1, 2500, thousandths=250)
#: Facts without anything weighed, with the fingerprints under which they were stored before lines could say it.
BEFORE = [
    (
        Activity(
            kind="purchase",
            external_id="order-1",
            member={"card": "C-1"},
            activity_at=THEN,
            amount=5990,
            money="EUR",
            lines=(Line("TEA-1", "tea", 2, 5990, 998), Line()),
        ),
        "38e09e4bbc12ac5c0b01eea95bb5db24586cb84707966e023a1313188ca4ff85",
    ),
    (
        Reversal(external_id="return-1", order="order-1", lines=(Refunded(0, 2995, 1),), activity_at=THEN),
        "a2efc954664d8272a7d8b660c968ac6f76493b4135017d9253a16fdff8f9e389",
    ),
    (
        Redemption(external_id="spend-1", member={"number": "42"}, points=500, order="order-1"),
        "01d3661bc1aff9110d810a3c65baef4f52b899f4d547c573aa2deb2ff5ed1268",
    ),
]


@pytest.fixture
def weighing(db):
    """10 points for each whole unit of dairy, and one for each euro."""
    made = factories.program(rules=False)
    factories.rule(made, "spend", "per_amount", {"points": "1", "per": "1"})
    kilos = {"group": "dairy", "conditions": {"categories": ["dairy"]}}
    factories.rule(made, "kilos", "per_unit", {"points": "10"}, **kilos)
    return made


@pytest.fixture
def eve(weighing):
    return factories.member(weighing)


@pytest.mark.parametrize(("fact", "stored"), BEFORE)
def test_a_fact_that_was_stored_before_is_the_same_when_it_is_sent_again(fact, stored):
    assert fingerprint(fact) == stored


def test_another_weight_is_another_fact():
    facts = [
        Activity(kind="purchase", external_id="a", member={}, lines=(Line(quantity=1, thousandths=part),))
        for part in (0, 1, 999)
    ]
    assert len({fingerprint(fact) for fact in facts}) == 3


def test_a_line_is_written_and_read_with_its_weight_and_without_it_as_before():
    item = Activity(kind="purchase", external_id="a", member={}, lines=(CHEESE, Line("TEA", quantity=2)))
    written = dump(item)
    assert [line["sku"] for line in written["lines"] if "thousandths" in line] == ["CHEESE"]
    assert load(Activity, written) == item


def test_the_weight_is_stored_and_told(weighing, eve):
    bought = post_one(weighing, purchase(eve, 2500, "a", lines=(CHEESE,)))
    row = JournalLine.objects.get()
    assert (row.quantity, row.thousandths, str(row)) == (1, 250, "1.25 x CHEESE")
    assert held(eve) == 25 + 10
    assert post(weighing, purchase(eve, 2500, "a", lines=(CHEESE,)))[0].status == "replayed"
    other = Line("CHEESE", "dairy", 1, 2500, thousandths=251)
    assert post(weighing, purchase(eve, 2500, "a", lines=(other,)))[0].refusal.code == "idempotency_conflict"
    assert Journal.objects.get(pk=bought.journal_id).payload["lines"][0]["thousandths"] == 250


def test_parts_of_a_weighed_line_come_back_and_never_more_than_it(weighing, eve):
    bought = buy(weighing, eve, 2500, lines=(CHEESE,))
    first = refund(weighing, bought, "r-1", lines=(Refunded(0, 500, 0, thousandths=250),))
    assert first.answer["clawback"]["points"] == 5
    assert Journal.objects.get(pk=first.journal_id).trace["share"]["lines"] == [
        {"position": 0, "amount": 500, "quantity": 0, "thousandths": 250}
    ]
    # 0.999 units are left: no whole one.
    second = refund(weighing, bought, "r-2", lines=(Refunded(0, 2, 0, thousandths=1),))
    assert second.answer["clawback"]["points"] == 1 + 10
    more = reversal(bought.journal_id, lines=(Refunded(0, 1, 1),))
    refusal = post(weighing, more, now=NOW)[0].refusal
    assert (refusal.code, refusal.field) == ("refund_too_large", "lines[0]")
    refund(weighing, bought, "r-3")
    assert held(eve) == 0


def test_a_refund_of_nothing_but_weight_counts(weighing, eve):
    bought = buy(weighing, eve, 2500, lines=(line("FREE", 0, thousandths=500, category="dairy", quantity=1), CHEESE))
    assert held(eve) == 25 + 20
    back = refund(weighing, bought, lines=(Refunded(0, 0, 0, thousandths=800),))
    assert back.answer["clawback"]["points"] == 10


def test_whole_pieces_are_remembered_as_before(weighing, eve):
    bought = buy(weighing, eve, 2000, lines=(line("MILK", 2000, category="dairy", quantity=2),))
    back = refund(weighing, bought, lines=(Refunded(0, 1000, 1),))
    assert Journal.objects.get(pk=back.journal_id).trace["share"]["lines"] == [
        {"position": 0, "amount": 1000, "quantity": 1}
    ]
    assert held(eve) == 20


def test_thousandths_are_less_than_a_unit(weighing, eve):
    refusal = post(weighing, purchase(eve, 1, lines=(Line(thousandths=1000),)))[0].refusal
    assert (refusal.code, refusal.field) == ("invalid_number", "lines[0].quantity")
