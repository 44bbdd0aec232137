"""How do tests draw programs and baskets, and compare what a quote tells with what posting then gives?"""

import json
from dataclasses import replace

from hypothesis import strategies as st

from loyalty_site.lib.refusals import Refused
from members import looking, progress
from members.models import Member
from partners.activity import Line, PointsPaid
from programs import versions
from programs.models import Cap, ExchangeRate
from tests.support.currencies import change
from tests.support.factories import post, till
from tests.support.rolled_back import rolled_back
from transactions.models import Journal
from transactions.quotes.quoting import quote
from transactions.quotes.trials import NOBODY

#: Of small ones points pay all that they may, of large ones all that there are.
AMOUNTS = st.one_of(st.integers(0, 500), st.integers(0, 5_000), st.integers(0, 200_000))

#: What a currency lets members spend, hold, and wait for.
TERMS = st.fixed_dictionaries(
    {
        "point_value": st.sampled_from(["0", "0.01", "0.0075", "0.3"]),
        "min_spend": st.sampled_from([0, 1, 7, 100]),
        "max_spend": st.sampled_from([None, None, 150]),
        "spend_step": st.sampled_from([1, 1, 5, 25]),
        "max_basket_percent": st.sampled_from([0, 1, 50, 99, 100, 100]),
        "max_balance": st.sampled_from([None, None, 3_000]),
        "pending_days": st.sampled_from([0, 0, 14]),
    }
)
EARNS_ON = st.fixed_dictionaries(
    {f"earns_on_{name}": st.booleans() for name in ("tax", "shipping", "gift_cards", "points")}
)
_SCOPES = st.sampled_from([("transaction", "ever"), ("member", "trailing"), ("member", "month"), ("program", "day")])
CAPS = st.one_of(
    st.none(),
    st.tuples(_SCOPES, st.sampled_from([1, 40, 700]), st.sampled_from(["truncate", "truncate", "reject"])),
)


@st.composite
def baskets(draw):
    """Fields of a purchase: its amount, with lines, other means that paid for it, and money of elsewhere."""
    line = st.builds(Line, sku=st.just("TEA-1"), amount=AMOUNTS, quantity=st.integers(1, 3))
    lines = tuple(draw(st.lists(line, max_size=3)))
    amount = sum(one.amount for one in lines) if lines and draw(st.booleans()) else draw(AMOUNTS)
    said = {"amount": amount, "lines": lines, "money": draw(st.sampled_from(["", "", "USD", "JPY"]))}
    for name in ("gift_card", "shipping", "points_value"):
        if draw(st.integers(0, 2)) == 0:
            said[name] = draw(st.integers(0, amount))
    return said


def set_up(made, earns_on, terms, cap):
    """Let the program be one that was drawn; a dollar is 0.92 of its money, a yen 0.0061."""
    type(made).objects.filter(pk=made.pk).update(**earns_on)
    if cap:
        (scope, period), limit, behaviour = cap
        own = {"scope": scope, "period": period, "limit": limit, "behaviour": behaviour}
        own |= {"trailing_days": 3} if period == "trailing" else {}
        points = made.currencies.get(code="points")
        Cap.objects.create(program=made, code="drawn", name="Drawn", currency=points, **own)
    for iso, rate in (("USD", "0.92"), ("JPY", "0.0061")):
        ExchangeRate.objects.create(program=made, money=iso, on="2026-02-27", rate=rate)
    change(made, **terms)


def quoted(made, item, now, **options):
    """The Quote, or the refusal of an item that nobody could post."""
    try:
        return quote(item, program_id=made.pk, via=till(made), now=now, **options)
    except Refused as refused:
        return refused.refusal


def posted(made, item, now):
    """(the Result, the trace, where the member then stands) of posting it, which is taken back again."""
    with rolled_back():
        result = post(made, item, now=now)[0]
        trace = Journal.objects.get(pk=result.journal_id).trace if result.journal_id else {}
        return result, trace, standing(made, item, now)


def standing(made, item, now):
    """Where the member stands by what is stored, as a quote tells it."""
    member = Member.objects.filter(number=item.member["number"]).values_list("pk", flat=True).get()
    [account] = looking.accounts(made.pk, [member]).values()
    return ladders(progress.steps(versions.current(made.pk), account, now=now))


def ladders(steps):
    """What steps say that is the same for who reads and for who foresees it."""
    return [
        (one.group.code, one.tier and one.tier.code, one.next and one.next.code, one.measures, one.projected)
        for one in steps
    ]


def as_stored(trace, *, who=NOBODY):
    """A trace as it is read again; `who` is meant by the key of somebody who is no member."""
    told = json.loads(json.dumps(trace))
    for row in told.get("caps", {}).get("counted", ()):
        row[2] = who if row[2] == NOBODY else row[2]
    return told


def paid(item, currency, points, *, has_worth):
    """The purchase as a till would post it after a quote."""
    redeem = PointsPaid(points, currency, item.redeem.group if item.redeem else {})
    return replace(item, redeem=redeem, points_value=0 if has_worth else item.points_value)
