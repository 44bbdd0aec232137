"""What caps cut off is said in plain sentences: which cap, how many points were lost, when there is room again."""

from datetime import date

import pytest

from partners.activity import Activity
from programs import capping
from tests.support.capped import MARCH, buy, cap
from tests.support.factories import post_one, reversal
from transactions.models import Journal
from transactions.proof import causes
from transactions.proof.sentences import explain


def told(result):
    journal = Journal.objects.get(pk=result.journal_id)
    return causes.of_journal(journal, {one.code: one for one in journal.program.currencies.all()})["sentences"]


def of_caps(result):
    return [sentence for sentence in told(result) if " cut " in sentence]


def test_c8_x1_each_cut_says_cap_loss_and_reset(plain, ada):
    cap(plain, "txn", 150, scope="transaction", name="One basket")
    cap(plain, "day", 100, name="A day")
    cap(plain, "budget", 60, scope="program", period="ever", name="Spring budget")
    result = buy(plain, ada, 180)
    assert of_caps(result) == [
        "“One basket” cut 180 to 150 Points: 30 lost. It holds for each transaction by itself.",
        "“A day” cut 150 to 100 Points: 50 lost. There is room again on 5 March 2026.",
        "“Spring budget” cut 100 to 60 Points: 40 lost. It never resets.",
    ]
    assert any("gave 180 Points: exactly 180; caps left 60 of them." in sentence for sentence in told(result))


@pytest.mark.parametrize(
    ("fields", "ending"),
    [
        ({"period": "week"}, "There is room again on 9 March 2026."),
        ({"period": "month"}, "There is room again on 1 April 2026."),
        ({"period": "quarter"}, "There is room again on 1 April 2026."),
        ({"period": "year"}, "There is room again on 1 January 2027."),
        ({"period": "trailing", "trailing_days": 7}, "It looks back over 7 days, so room comes back day by day."),
    ],
)
def test_each_period_says_when_there_is_room_again(plain, ada, fields, ending):
    cap(plain, "some", 100, name="Some", **fields)
    assert of_caps(buy(plain, ada, 130)) == [f"“Some” cut 130 to 100 Points: 30 lost. {ending}"]


def test_points_with_decimals_are_told_in_their_unit(plain, ada):
    plain.currencies.filter(code="points").update(decimals=2)
    plain.touch(plain.pk)
    plain.refresh_from_db()
    cap(plain, "some", 1050, name="Some", scope="transaction")
    (sentence,) = of_caps(buy(plain, ada, 20))
    assert sentence.startswith("“Some” cut 20.00 to 10.50 Points: 9.50 lost.")


def test_a_largest_balance_says_how_room_comes_back(plain, ada):
    plain.currencies.filter(code="points").update(max_balance=70)
    plain.touch(plain.pk)
    plain.refresh_from_db()
    (sentence,) = of_caps(buy(plain, ada, 100))
    assert (
        sentence
        == "“Largest balance” cut 100 to 70 Points: 30 lost. There is room again when points are spent or end."
    )


def test_what_is_cut_to_nothing_is_explained_too(plain, ada):
    cap(plain, "day", 100, name="A day")
    buy(plain, ada, 100)
    result = buy(plain, ada, 30)
    assert of_caps(result) == ["“A day” cut 30 to 0 Points: 30 lost. There is room again on 5 March 2026."]
    assert any("caps left none of them" in sentence for sentence in told(result))


def test_a_purchase_that_was_not_cut_speaks_of_no_cap(plain, ada):
    cap(plain, "day", 500)
    result = buy(plain, ada, 100)
    assert not of_caps(result)
    assert not any("caps" in sentence for sentence in told(result))


def test_an_activity_that_no_rule_is_about_says_so_and_names_no_other_rule(made, who):
    result = post_one(made, Activity("survey", "survey-1", {"number": who.number}))
    assert "No rule gave points: none is about this kind of activity." in told(result)
    assert not any("Nearest" in sentence for sentence in told(result))


def test_a_refund_says_which_caps_got_room_back(plain, ada):
    cap(plain, "day", 100, name="A day")
    bought = buy(plain, ada, 100)
    refund = post_one(plain, reversal(bought.journal_id), now=MARCH)
    assert told(refund) == ["Room came back to the caps that it had used: day."]


def test_a_trace_of_before_tells_the_cut_without_its_reset():
    row = {"cap": "day", "name": "A day", "currency": "points", "from": 30, "to": 10}
    trace = {"rules": [], "caps": {"cuts": [row]}}
    assert explain(trace, {})[-1] == "“A day” cut 30 to 10 points: 20 lost."


def compiled(period):
    names = ("id", "code", "name", "currency", "rule", "store", "trailing_days", "measure", "limit", "per_point")
    rest = {"scope": "member", "period": period, "behaviour": "truncate", "reopens": True}
    return capping.Cap(**dict.fromkeys(names) | rest)


@pytest.mark.parametrize(
    ("period", "day", "expected"),
    [
        ("day", date(2027, 12, 31), date(2028, 1, 1)),
        ("week", date(2026, 12, 31), date(2027, 1, 4)),
        ("month", date(2026, 12, 31), date(2027, 1, 1)),
        ("quarter", date(2026, 11, 30), date(2027, 1, 1)),
        ("quarter", date(2026, 5, 31), date(2026, 7, 1)),
        ("year", date(2028, 2, 29), date(2029, 1, 1)),
        ("ever", date(2026, 1, 1), None),
        ("trailing", date(2026, 1, 1), None),
    ],
)
def test_the_next_period_begins_where_this_one_ends(period, day, expected):
    assert compiled(period).resets_on(day) == expected
