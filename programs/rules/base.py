"""What is a kind of earning rule? The values it sees, and the interface it fills."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, TypeAlias

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.memoising import memoised
from programs.configuration import Configuration
from programs.progress import NOTHING, Reached, Shown
from programs.triggers import TRIGGERS
from programs.written import activity_names

if TYPE_CHECKING:
    # Lists in words are those of conditions, which ask the baskets of this file.
    from programs.rules.units import Units

#: A number that nothing was rounded off.
Exact: TypeAlias = int | Fraction

#: The name under which rules ask for the segments of a member, see `Facts.seen`.
SEGMENTS: Final = "segments"


class BasketLine(NamedTuple):
    """What a rule sees of one line: its units, and in minor units the money that may earn; both are exact.

    `labels` and `attributes` are those that the sender gave it, `lists` the codes of the lists that have its SKU.
    `listed` is what it costs, in minor units, with tax and before any discount.
    """

    sku: str
    category: str
    quantity: Exact
    eligible: Exact
    labels: tuple[str, ...] = ()
    attributes: Mapping[str, object] = {}
    lists: Sequence[str] = ()
    listed: Exact = 0


class Basket(NamedTuple):
    """What a rule sees of an activity, everything by value.

    `eligible` is the money that may earn (semantics C2: without tax, shipping, gift cards and value
    paid with points, unless the program says otherwise) in minor units, the sum of the lines' own;
    `local` is the wall clock of the program; `major` is how many minor units make one unit of money, and `shipping`
    what of `eligible` is for shipping. Where base rules are `asked` by their codes, no other one is. `attributes` are
    those that the sender gave the activity.
    """

    kind: str
    local: datetime
    amount: int
    eligible: Exact
    major: int
    lines: tuple[BasketLine, ...]
    channel: str = ""
    partner: str = ""
    store: str = ""
    code: str = ""
    shipping: Exact = 0
    asked: frozenset[str] = frozenset()
    attributes: Mapping[str, object] = {}


class Facts(NamedTuple):
    """What a rule sees of the member, as it was before this activity.

    `tiers` maps a tier group's code to the code of the tier held in it. A rule that asks for `enrolled_at`
    tells apart members who are taken for alike (transactions/occasions/alike.py), and so does one that asks what is
    `seen` of the person: by the name of what is asked, those of the values that rules ask for which fit. `given` are
    the codes of the rules that count and give something, for those that wait for them. `progress` is how far the
    member is with what rules count, by their codes.
    """

    tiers: Mapping[str, str] = {}
    enrolled_at: datetime | None = None
    seen: Mapping[str, Sequence[str]] = {}
    given: frozenset[str] = frozenset()
    progress: Mapping[str, Reached] = {}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rules of a program may refer to, by code; `tier_groups` maps each group to its tiers."""

    partners: frozenset[str] = frozenset()
    tier_groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    sku_lists: frozenset[str] = frozenset()

    @property
    def tiers(self) -> frozenset[str]:
        return frozenset(code for tiers in self.tier_groups.values() for code in tiers)


class Params(forms.Form):
    """What a kind needs to know; the admin draws it, documents are checked with it."""


def positive(number: Decimal) -> None:
    """Refuse what is not more than nothing."""
    if number <= 0:
        raise ValidationError("Must be positive.")


class PositiveField(forms.DecimalField):
    """A decimal number above nothing and up to `largest`."""

    largest: ClassVar[int]
    places: ClassVar[int]
    digits: ClassVar[int]

    def __init__(self, *, initial: int | None = None, required: bool = True, help_text: str = "") -> None:
        super().__init__(
            max_digits=self.digits,
            decimal_places=self.places,
            validators=[positive, MaxValueValidator(self.largest, "Must be at most %(limit_value)s.")],
            initial=initial,
            required=required,
            help_text=help_text,
        )

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"min": 0}


class PointsField(PositiveField):
    """Points that a rule gives."""

    largest, places, digits = 10**6, 4, 12


class MoneyField(PositiveField):
    """Money in units of the program's base currency, with the decimals of the finest currency there is."""

    largest, places, digits = 10**9, 3, 14


class EventsField(forms.CharField):
    """Names of activities, separated by commas."""

    def __init__(self, *, initial: str = "", required: bool = True, help_text: str = "") -> None:
        usual = f"Usual are {', '.join(trigger.name for trigger in TRIGGERS)}."
        words = f"{help_text} {usual}".strip()
        super().__init__(max_length=200, initial=initial, required=required, help_text=words)

    def clean(self, value: str | None) -> str:
        text: str = super().clean(value)
        if text:
            activity_names(text)
        return text


class SwitchField(forms.BooleanField):
    """Something that a rule does or does not; off unless a document says `true`."""

    def __init__(self, *, label: str, help_text: str = "") -> None:
        super().__init__(required=False, label=label, help_text=help_text)


#: The cleaned data of a kind's form: each kind knows the types of its own fields.
Cleaned: TypeAlias = Mapping[str, Any]


class Kind:
    """One kind of earning rule: `points` says what it gives for a basket, exactly and unrounded.

    It is made of the cleaned data of its form `Params`. `activities` are the kinds of activity that it is about,
    None for all: it is never asked about another one.
    """

    slug: ClassVar[str] = ""
    label: ClassVar[str] = ""
    phase: ClassVar[str] = "base"
    #: What members do with what it gives, in its sentence.
    verb: ClassVar[str] = "earn"
    Params: ClassVar[type[forms.Form]] = Params

    activities: frozenset[str] | None = None
    #: Whether it gives something else, or nothing, where no tier is held.
    asks_for_tier: bool = False
    #: What it asks of the member beyond the tiers, as `Condition.needs` and `Condition.asks` say it of a condition.
    asks: Mapping[str, frozenset[str]] = {}
    #: Of a multiplier: whether it multiplies what others have multiplied, and the groups of rules whose points it
    #: multiplies; empty: those of all.
    compounds: bool = False
    groups: frozenset[str] = frozenset()
    #: What it counts for each member from one activity to the next, one of programs/progress.py; "" for nothing.
    measure: str = ""
    #: The code of its rule, under which `facts` have how far the member is.
    code: str = ""

    def __init__(self, params: Cleaned) -> None:
        raise NotImplementedError

    def points(self, basket: Basket, facts: Facts, configuration: Configuration) -> Sequence[Exact] | None:
        """What it gives; None: it has nothing to say to this basket, and `why_not` says why.

        Of the phase "base" one number of points for each line, or one for the whole; of the phase "multiplier"
        one factor; of the phase "activity" one 0, as it only fires; of the phase "discount" units of money off
        a basket of which all that it costs is eligible (programs/discounting.py). Numbers are exact, never float.
        Where the program does not round each line (`configuration.rounds_per_line`) only their sum counts.
        """
        raise NotImplementedError

    def why_not(self, basket: Basket, facts: Facts, configuration: Configuration) -> str:
        """A sentence about what was missing, when `points` gave None."""
        raise NotImplementedError

    def reached(self, facts: Facts) -> Reached:
        """How far the member is with what it counts, before this activity."""
        return facts.progress.get(self.code, NOTHING)

    def advanced(self, basket: Basket, before: Reached) -> Reached:
        """How far a member is behind an activity who was so far `before`; asked only of what counts something."""
        raise NotImplementedError

    def shown(self, reached: Reached, today: date, major: int) -> Shown:
        """What is told of a member who is so far on the local day `today`; asked only of what counts something.

        `major` is how many minor units make one unit of the program's money.
        """
        raise NotImplementedError

    def weights(self, lines: Sequence[BasketLine]) -> Sequence[Exact]:
        """By what its points are shared among the lines that earned them; empty where they are of no line."""
        return ()

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: "Units") -> str:
        """What members earn by a rule with these parameters, in plain English: “2 points per EUR (3 for gold)”.

        It stands behind “Members earn”, and what else is said of the rule behind it.
        """
        raise NotImplementedError

    def unmet(self, surroundings: Surroundings) -> Iterable[tuple[str, str]]:
        """(param, message) of each thing that the kind refers to and the program does not have."""
        return ()


def is_given(value: object) -> bool:
    """Whether a parameter says something: a switch that is off says nothing."""
    return value not in (None, "", []) and value is not False


@memoised
def quotient(over: Exact, under: int) -> Fraction:
    """The exact quotient of two numbers, the second one positive; several rules ask it of one basket."""
    return Fraction(over, under)


def plain(number: Exact) -> str:
    """An exact number as short decimal text; endless ones are cut behind six places."""
    return decimal_text(*number.as_integer_ratio())


@memoised
def decimal_text(over: int, under: int) -> str:
    """The quotient of two integers, the second one positive, as `plain` writes it."""
    whole, rest = divmod(abs(over), under)
    sign = "-" if over < 0 else ""
    if not rest:
        return f"{sign}{whole}"
    digits = str(rest * 10**6 // under).zfill(6).rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
