"""What does a journal remember in its `trace`, for whatever is computed from it later?

Traces are kept for good: refunds, losses and merges of years later read them. Each key is spelled once, in a type
that both who writes and who reads it has, so that a misspelt or renamed one is found by mypy. A key that is stored
may get company here, but never another name or meaning. What has another form in journals of before is known to the
readers below, and to nobody else.
"""

import json
from collections.abc import Mapping
from typing import NotRequired, TypeAlias, TypedDict, cast

from programs.traces import AdvanceTrace, Trace


class PaidTrace(TypedDict):
    """Points that paid for a purchase by the same fact: so many of a `currency`, `worth` decimal text of its money.

    None where points have no money value.
    """

    currency: str
    points: int
    worth: str | None


class StoredTrace(Trace, total=False):
    """Of an accrual: how the rules came to its points, and what a refund has to know that they could not see.

    `categories` are those of the catalogue by SKU, `sku_lists` the codes of the lists in which each SKU stood where
    rules asked for lists, `partner` the one who sent it where neither the activity says so nor it is the owner,
    `shares` the percents that went to groups by the text of their keys, `first_order` the external id of the first
    revision of an order that was replaced, `paid_with` the points that paid for it, and `counted_on` the day in whose
    cycles it counts for tiers where its own were over.
    """

    categories: dict[str, str]
    sku_lists: dict[str, list[str]]
    partner: str
    shares: dict[str, int]
    first_order: str
    paid_with: PaidTrace
    counted_on: str


class AdjustedTrace(TypedDict, total=False):
    """Of a posting by hand: the day in whose cycles it counts for tiers where its own were over."""

    counted_on: str


class SpentTrace(TypedDict, total=False):
    """Of a redemption: the member `by` whom points of a group were spent, and the relation that allowed it.

    Nothing, when people spend their own.
    """

    by: int
    relation: int


class LeftTrace(TypedDict):
    """Of what a member takes along who leaves a group: their relation."""

    relation: int


class LineTrace(TypedDict):
    """So much of one line of an order came back: `quantity` whole units, and `thousandths` of a further one."""

    position: int
    amount: int
    quantity: int
    thousandths: NotRequired[int]


class ShareTrace(TypedDict):
    """What came back of an order: parts of its lines, its shipping with the tax in it, and money beside them, in
    minor units."""

    lines: list[LineTrace]
    amount: int
    shipping: NotRequired[int]
    shipping_tax: NotRequired[int]


class MovedTrace(TypedDict, total=False):
    """Of any reversal: what it moved the balances by, by currency code. Returns of redemptions remember nothing."""

    points: dict[str, int]


class RefundTrace(MovedTrace):
    """Of the refund of an order; see `Refund` (books/refunded.py) for what its parts mean."""

    share: ShareTrace
    clawback: dict[str, int]
    shared: NotRequired[dict[str, int]]
    reopened: NotRequired[dict[str, int]]
    promotions_back: NotRequired[dict[str, dict[str, int]]]
    discounts_back: NotRequired[dict[str, int]]
    codes_back: NotRequired[list[str]]
    progress: NotRequired[Mapping[str, AdvanceTrace]]


class BroughtTier(TypedDict):
    """A tier of another system and its end as ISO text; not `is_kept` where a higher one was held here."""

    name: str
    until: str | None
    is_kept: bool


class OpeningTrace(TypedDict, total=False):
    """Of an opening balance: who said so, and what it did to the balance of `currency` and to the ladder's.

    `stated` is what the file says of points that had to be rounded, `sets` whether the balance was made so.
    """

    source: str
    currency: str
    before: int
    moved: int
    sets: bool
    stated: str
    earned_before: int
    redeemed_before: int
    ladder: str
    counted: int
    tier: BroughtTier


class OpenedTrace(TypedDict, total=False):
    """Of the journal of an opening balance."""

    opening: OpeningTrace


class SetTierTrace(TypedDict):
    """A tier that was set: the names of the ladder, of the tier before and of the one then, None for no tier, and the
    ends as ISO text."""

    group: str
    before: str | None
    tier: str | None
    why: str
    until: str | None
    locked_until: str | None


class TierSetTrace(TypedDict, total=False):
    """Of the journal of a tier that was set."""

    set_tier: SetTierTrace


class AnyTrace(StoredTrace, RefundTrace, OpenedTrace, TierSetTrace):
    """Of any journal, for who only tells what stands in it; most of these keys are missing."""


#: What any journal may remember.
JournalTrace: TypeAlias = (
    AdjustedTrace | StoredTrace | SpentTrace | LeftTrace | RefundTrace | MovedTrace | OpenedTrace | TierSetTrace
)


class _Moves(TypedDict, total=False):
    """What the answers to reversals of before say of the points that were moved and that should have been."""

    points: dict[str, int]
    clawback: dict[str, int]


def of_accrual(text: str) -> StoredTrace:
    """The trace of an accrual, from the JSON that is stored.

    An open journal has remembered nothing yet, and those of before lack what was added since: `version` (theirs is
    the one of the journal), `tiers`, `categories`, `caps`, `shares`. Who reads these says what counts without them.
    """
    return cast(StoredTrace, json.loads(text))


def of_refund(text: str, answer: str) -> RefundTrace:
    """The trace of the refund of an order, from the JSON that is stored.

    In journals of before the trace held what came back, and only the answer what was moved for it.
    """
    trace = cast(RefundTrace, json.loads(text))
    if "points" not in trace:
        moved = cast(_Moves, json.loads(answer))
        trace["points"], trace["clawback"] = moved["points"], moved["clawback"]
    return trace


def moved_by(text: str, answer: str) -> dict[str, int]:
    """{currency code: points} that any stored reversal moved the balances by; of before, as for `of_refund`."""
    trace = cast(MovedTrace, json.loads(text))
    return (trace if "points" in trace else cast(_Moves, json.loads(answer))).get("points", {})
