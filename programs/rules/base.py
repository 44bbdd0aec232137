"""What is a kind of earning rule? The values it sees, and the interface it fills."""

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from django import forms


@dataclass(frozen=True, slots=True)
class BasketLine:
    """What a rule sees of one line: `eligible` is the money that may earn, in minor units, exact."""

    sku: str
    category: str
    quantity: int
    eligible: Fraction


@dataclass(frozen=True, slots=True)
class Basket:
    """What a rule sees of an activity, everything by value.

    `eligible` is the money that may earn (semantics C2: without tax, shipping, gift cards and value
    paid with points, unless the program says otherwise) in minor units; `local` is the wall clock of
    the program; `major` is how many minor units make one unit of money.
    """

    kind: str
    local: datetime
    amount: int
    eligible: Fraction
    major: int
    lines: tuple[BasketLine, ...]
    channel: str = ""
    partner: str = ""
    store: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule sees of the member, as it was before this activity.

    `tiers` maps a tier group's code to the code of the tier held in it.
    """

    tiers: dict = field(default_factory=dict)
    enrolled_at: datetime | None = None


class Params(forms.Form):
    """What a kind needs to know; the admin draws it, documents are checked with it."""


class Kind:
    """One kind of earning rule: `points` says what it gives for a basket, exactly and unrounded.

    A *base* kind returns one Fraction of points for each line (or one for the whole); a *multiplier*
    returns one factor. None: it has nothing to say to this basket, and `why_not` says why.
    """

    slug = ""
    label = ""
    phase = "base"
    Params = Params

    def __init__(self, params):
        for name, value in params.items():
            setattr(self, name, value)

    def points(self, basket, facts, configuration):
        raise NotImplementedError

    def why_not(self, basket, facts, configuration):
        """A sentence about what was missing, when `points` gave None."""
        raise NotImplementedError


def events(value):
    """The activity kinds of a comma separated list: "purchase, visit" -> {"purchase", "visit"}."""
    return frozenset(part.strip() for part in value.split(",") if part.strip())
