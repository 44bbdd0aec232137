"""An amount may carry what people write beside it: the sign, the abbreviation or the code of its money."""

import pytest

from members.models import Member
from tests.support import factories
from transactions.models import Journal

FIELDS = {"external_id": "id", "customer": "who", "date": "day", "amount": "sum"}
HEAD = "id,who,day,sum,part\n"


@pytest.fixture
def earns(db):
    """Makes a program of this money, in whose files amounts have signs, and loads one row."""

    def load(folder, money, written, settings=None, **fields):
        made = factories.program(rules=False, expiry="never", max_backdate_days=20_000, money=money)
        factories.rule(made, "spend", "per_amount", {"points": "1", "per": "1"})
        mapping = {"enrol": True, "signs": True, "thousands": ","} | (settings or {}) | {"fields": FIELDS | fields}
        return folder.load(f"{HEAD}1,kim,2026-03-01,{written}\n", mapping, program=made.code)

    return load


READ = [
    ("JPY", "1,500円", 1500),
    ("JPY", "￥1500", 1500),
    ("JPY", "￥１,５００", 1500),
    ("JPY", "¥ 1,500", 1500),
    ("KWD", "KD 1.234", 1234),
    ("KWD", "1.234 د.ك", 1234),
    ("KWD", "\u200f1.234\u00a0د.ك.\u200f", 1234),
    ("KWD", "kwd 1.234", 1234),
    ("USD", "$5.00 USD", 500),
    ("USD", "USD $5.00", 500),
    ("USD", "US$5.00", 500),
    ("USD", "US $5.00", 500),
    ("USD", "-$0.00 usd", 0),
    ("CAD", "$5.00 CAD", 500),
    ("EUR", "€ 5.00 EUR", 500),
    ("SEK", "1,500.00 kr.", 150000),
    ("CHF", "Fr. 5.00", 500),
    ("KRW", "1,500원", 1500),
    ("SAR", "5.00 ر.س", 500),
    ("RUB", "5.00 руб.", 500),
]


@pytest.mark.parametrize(("money", "written", "amount"), READ)
def test_a_sign_and_a_code_of_the_money_are_read(folder, earns, money, written, amount):
    run = earns(folder, money, f'"{written}",')
    assert (run.code, run.report) == (0, [])
    assert Journal.objects.get().amount == amount


WRONG = [
    ("USD", "$5.00 CAD"),
    ("USD", "€5.00 USD"),
    ("CAD", "US$5.00 CAD"),
    ("USD", "USD 5.00 USD"),
    ("USD", "$5.00$"),
    ("USD", "US$ $5.00"),
    ("JPY", "1500元"),
    ("KWD", "BD 1.234"),
    ("EUR", "KD 1.23"),
    ("USD", "5.00²"),
]


@pytest.mark.parametrize(("money", "written"), WRONG)
def test_other_money_beside_the_amount_is_refused(folder, earns, money, written):
    run = earns(folder, money, f'"{written}",')
    assert [(line, field) for line, field, _ in run.codes] == [(2, "amount")]


ADVICE = {
    "discount": "without a minus sign",
    "refund": "without a minus sign",
    "tax": "of a purchase is 0 or more",
    "shipping": "of a purchase is 0 or more",
    "gift_card": "of a purchase is 0 or more",
}


@pytest.mark.parametrize("target", ADVICE)
def test_what_is_wrong_with_a_part_below_zero_is_said_of_this_part(folder, earns, target):
    run = earns(folder, "EUR", "10.00,-1.00", {"signs": False}, **{target: "part"})
    assert run.codes == [(2, target, "invalid_value")]
    assert ADVICE[target] in run.report[0]["problem"]
    assert target in run.report[0]["problem"]
    assert not Member.objects.exists()


@pytest.mark.parametrize("target", [name for name in ADVICE if name not in ("discount", "refund")])
def test_so_it_is_where_signs_are_read(folder, earns, target):
    run = earns(folder, "EUR", "10.00,-1.00", **{target: "part"})
    assert (run.codes, ADVICE[target] in run.report[0]["problem"]) == ([(2, target, "invalid_value")], True)
