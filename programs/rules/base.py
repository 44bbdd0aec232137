"""What is a kind of earning rule? The values it sees, and the interface it fills."""

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator


@dataclass(frozen=True, slots=True)
class BasketLine:
    """What a rule sees of one line: `eligible` is the money that may earn, in minor units, exact."""

    sku: str
    category: str
    quantity: int
    eligible: int | Fraction


@dataclass(frozen=True, slots=True)
class Basket:
    """What a rule sees of an activity, everything by value.

    `eligible` is the money that may earn (semantics C2: without tax, shipping, gift cards and value
    paid with points, unless the program says otherwise) in minor units, the sum of the lines' own;
    `local` is the wall clock of the program; `major` is how many minor units make one unit of money.
    """

    kind: str
    local: datetime
    amount: int
    eligible: int | Fraction
    major: int
    lines: tuple[BasketLine, ...]
    channel: str = ""
    partner: str = ""
    store: str = ""
    code: str = ""

    def narrowed(self, lines):
        """The same basket with only some of its lines."""
        if len(lines) == len(self.lines):
            return self
        return Basket(
            self.kind,
            self.local,
            self.amount,
            sum(line.eligible for line in lines),
            self.major,
            tuple(lines),
            self.channel,
            self.partner,
            self.store,
            self.code,
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule sees of the member, as it was before this activity.

    `tiers` maps a tier group's code to the code of the tier held in it.
    """

    tiers: dict = field(default_factory=dict)
    enrolled_at: datetime | None = None


class Params(forms.Form):
    """What a kind needs to know; the admin draws it, documents are checked with it."""


def positive(number):
    if number <= 0:
        raise ValidationError("Must be positive.")


class _Positive(forms.DecimalField):
    """A decimal number above nothing and up to `largest`."""

    largest = places = digits = None

    def __init__(self, **kwargs):
        limits = [positive, MaxValueValidator(self.largest, "Must be at most %(limit_value)s.")]
        super().__init__(max_digits=self.digits, decimal_places=self.places, validators=limits, **kwargs)

    def widget_attrs(self, widget):
        return super().widget_attrs(widget) | {"min": 0}


class PointsField(_Positive):
    """Points that a rule gives."""

    largest, places, digits = 10**6, 4, 12


class MoneyField(_Positive):
    """Money in units of the program's base currency, with the decimals of the finest currency there is."""

    largest, places, digits = 10**9, 3, 14


class EventsField(forms.CharField):
    """Names of activities, separated by commas."""

    def __init__(self, **kwargs):
        super().__init__(max_length=200, **kwargs)

    def clean(self, value):
        value = super().clean(value)
        if value and not events(value):
            raise ValidationError("Name at least one activity.")
        return value


class Kind:
    """One kind of earning rule: `points` says what it gives for a basket, exactly and unrounded.

    A *base* kind returns one number of points for each line (or one for the whole); a *multiplier*
    returns one factor. None: it has nothing to say to this basket, and `why_not` says why. Neither is asked
    about an activity to which it does not listen.
    Numbers are int or Fraction, never float.
    """

    slug = ""
    label = ""
    phase = "base"
    Params = Params

    def __init__(self, params):
        """`params`: the cleaned data of the form `Params`."""
        for name, value in params.items():
            setattr(self, name, value)

    def listens(self, basket):
        """Whether it is about this kind of activity at all; asked before everything else."""
        return True

    def points(self, basket, facts, configuration):
        raise NotImplementedError

    def why_not(self, basket, facts, configuration):
        """A sentence about what was missing, when `points` gave None."""
        raise NotImplementedError

    def unmet(self, surroundings):
        """(param, message) of each thing that the kind refers to and the program does not have.

        `surroundings` is a programs.checks.Surroundings.
        """
        return ()


def events(value):
    """The activity kinds of a comma separated list: "purchase, visit" -> {"purchase", "visit"}."""
    return frozenset(part.strip() for part in value.split(",") if part.strip())


def plain(number):
    """An exact number as short decimal text; endless ones are cut behind six places."""
    whole, rest = divmod(abs(number.numerator), number.denominator)
    sign = "-" if number < 0 else ""
    if not rest:
        return f"{sign}{whole}"
    digits = str(rest * 10**6 // number.denominator).zfill(6).rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
