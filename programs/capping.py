"""How is what the rules give cut down to what the caps allow? Pure: values in, values out (semantics C8).

Order: caps of a rule, of the transaction, of a member, of a store, budgets. Base points are cut last: the
surplus comes off the parts that the rules gave, multipliers first, each by rising priority.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

from programs import periods

#: What caps measure that is not of their currency: how often something is given, and money off.
USES: Final = "uses"
DISCOUNT: Final = "discount"

#: By what parts are cut: multipliers first, then the other groups, the group `base` last; see `Rule.cut_order`.
CutOrder: TypeAlias = tuple[bool, bool, int, str]


#: What a budget can become when something is given of it.
NEARLY_USED, USED_UP = "nearly_used", "used_up"


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule gave of one currency, in its smallest unit; of the currency "" money off, in minor units.

    `row` is the place in the trace of the rule whose points it is part of (`base`: a multiplier's surplus belongs to
    the rule that it multiplies), or of the discount, and `promotion` that of the rule which gave it.
    """

    currency: str
    rule: str
    base: str
    row: int
    points: int
    order: CutOrder
    promotion: str = ""


@dataclass(frozen=True, slots=True)
class Cap:
    """A compiled cap. `limit` and `per_point`, what the smallest unit of points uses up, are whole numbers in
    the same unit: points, minor units of money off, or for what points cost such a small part of money that nothing
    is ever rounded. What is measured in money off has a currency that says nothing.

    `rule` "" covers all rules, `promotion` "" whatever promotion gives it, `store` (partner, store code) or None all
    places; `id` is 0 in a draft that is not stored.
    """

    id: int
    code: str
    name: str
    currency: str
    rule: str
    store: tuple[str, str] | None
    scope: str
    period: str
    trailing_days: int
    measure: str
    limit: int
    per_point: int
    behaviour: str
    reopens: bool
    promotion: str = ""
    alert_percent: int = 0

    @property
    def order(self) -> tuple[int, bool, str]:
        """Where it stands in the fixed order (C8-R4); budgets of a rule before those of all."""
        if self.scope == "program":
            stage = 4
        elif self.rule or self.promotion:
            stage = 0
        else:
            stage = ("transaction", "member", "store").index(self.scope) + 1
        return stage, not (self.rule or self.promotion), self.code

    @property
    def has_counter(self) -> bool:
        """Whether it is counted over many transactions."""
        return self.scope != "transaction"

    def covers(self, part: Part) -> bool:
        """Whether these points, or this money off, count towards it.

        Money off is of no currency: it is a use of a rule or a promotion, of all that is given it is none.
        """
        is_named = self.rule in ("", part.rule, part.base) and self.promotion in ("", part.promotion)
        if self.measure == DISCOUNT:
            return is_named and not part.currency
        is_use = self.measure == USES and not part.currency and bool(self.rule or self.promotion)
        return is_named and (part.currency == self.currency or is_use)

    def room(self, used: int) -> int | None:
        """How many points it allows when so much is used up; None: any number."""
        left = max(0, self.limit - used)
        if self.measure == USES:
            return None if left else 0
        return left // self.per_point if self.per_point else None

    def use_of(self, parts: Iterable[Part]) -> int:
        """How much of it these parts use up. What was cut to nothing uses nothing."""
        given = total(parts, self.covers)
        return int(given > 0) if self.measure == USES else given * self.per_point

    @property
    def is_watched(self) -> bool:
        """Whether staff hear of it when most of it is used up: it is a budget for many, not for one member."""
        return self.alert_percent > 0 and self.scope in ("program", "store")

    def crossed(self, before: int, after: int) -> str:
        """Of what staff hear when what is used rises so: USED_UP, NEARLY_USED, or "" for nothing."""
        if self.room(after) == 0:
            return USED_UP if self.room(before) != 0 else ""
        alert = -(-self.limit * self.alert_percent // 100)
        return NEARLY_USED if before < alert <= after else ""

    def first_day(self, day: date) -> date:
        """The first day of its period in which `day` lies."""
        return first_day(self.period, day)

    def resets_on(self, day: date) -> date | None:
        """The first day of the period behind that of `day`; None where no period ends."""
        first = self.first_day(day)
        match self.period:
            case "day":
                return first + timedelta(days=1)
            case "week":
                return first + timedelta(days=7)
            case "month" | "quarter" | "year":
                return periods.add_months(first, {"month": 1, "quarter": 3, "year": 12}[self.period])
        return None


def first_day(period: str, day: date) -> date:
    """The first day of the period of a cap in which `day` lies; trailing days are counted one by one."""
    match period:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case "year":
            return date(day.year, 1, 1)
        case "ever":
            return date(1, 1, 1)
    return day


def of_currency(code: str) -> Callable[[Part], bool]:
    """Whether a part is points of this currency."""
    return lambda part: part.currency == code


def total(parts: Iterable[Part], covers: Callable[[Part], bool]) -> int:
    """The points of those parts that `covers` says."""
    return sum(part.points for part in parts if covers(part))


def totals(parts: Iterable[Part]) -> dict[str, int]:
    """{currency code: points}, of those with any; without the money off."""
    found: dict[str, int] = {}
    for part in parts:
        if part.currency:
            found[part.currency] = found.get(part.currency, 0) + part.points
    return {code: points for code, points in found.items() if points > 0}


def shorten(parts: tuple[Part, ...], covers: Callable[[Part], bool], room: int) -> tuple[Part, ...]:
    """The same parts, those that `covers` says cut down until they are `room` points together."""
    surplus = total(parts, covers) - room
    if surplus <= 0:
        return parts
    kept = list(parts)
    for place in sorted((n for n, part in enumerate(parts) if covers(part)), key=lambda n: parts[n].order):
        part = parts[place]
        off = min(surplus, part.points)
        kept[place] = replace(part, points=part.points - off)
        surplus -= off
    return _with_less_surplus(parts, kept, covers)


def _with_less_surplus(
    before: tuple[Part, ...], kept: list[Part], covers: Callable[[Part], bool]
) -> tuple[Part, ...]:
    """The surplus of multipliers on points that were cut goes with them, where it was not covered itself."""
    cut = {
        (part.currency, part.row): (left.points, part.points)
        for part, left in zip(before, kept, strict=True)
        if part.rule == part.base and left.points < part.points
    }
    for place, part in enumerate(kept):
        if part.rule != part.base and (part.currency, part.row) in cut and not covers(part):
            left, whole = cut[part.currency, part.row]
            kept[place] = replace(part, points=part.points * left // whole)
    return tuple(kept)


#: Decimal places of Currency.cost_per_point.
_COST_PLACES = 6

#: What a counter can hold, with room for one more transaction.
LARGEST = 4 * 10**18


def scaled(*, measure: str, limit: int, cost: Decimal, decimals: int, major: int) -> tuple[int, int]:
    """(limit, what the smallest unit of points uses up) as whole numbers in the same unit.

    Money is counted in the smallest part of it that one smallest unit of points can cost.
    """
    if measure != "money":
        return limit, 1
    scale = 10 ** (_COST_PLACES + decimals)
    return limit * scale // major, int(cost * 10**_COST_PLACES)


def in_units(used: int, *, measure: str, decimals: int, major: int) -> Decimal:
    """What a counter says, in points or in money with their decimals, or as the number of uses; `major` is how many
    minor units make one unit of money."""
    places = {"uses": 0, "money": _COST_PLACES + decimals, "discount": len(str(major)) - 1}.get(measure, decimals)
    return Decimal(used).scaleb(-places)


def store_of(text: str, owner: str) -> tuple[str, str] | None:
    """(partner code, store code) of how a document names a store: "lyon" of the owner, or "cafe/lyon".

    None for "", which means every store.
    """
    if not text:
        return None
    partner, _, code = text.rpartition("/")
    return partner or owner, code
