"""How much may still be given under a cap, and how is it counted? Source of the rules: semantics C8.

Counters are rows, locked in the order of their keys after the members are, so that two batches never wait
for each other in a circle. A batch adds one statement to lock and read them and one to move them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from loyalty_site.lib import money
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refused
from partners.activity import Activity
from partners.catalogue import Catalogue
from programs import capping, periods
from programs.capping import Cap, Part
from programs.earning import Earned
from programs.traces import CapsTrace, CountedTrace, CutTrace, DiscountTrace
from transactions.books.counters import Counters, Name
from transactions.books.originals import Original
from transactions.books.posting import Posting
from transactions.books.unit_of_work import Books
from transactions.verbs import caps_of_refunds, groups
from transactions.verbs.balance_limits import fits


class CapReached(Refused):
    """A cap that refuses leaves less room than would be given."""

    code = "cap_reached"


@dataclass(frozen=True, slots=True)
class Scene:
    """Whom, where and when a cap asks for; `store` is (partner code, store code) or None."""

    member_id: int
    store_id: int | None
    store: tuple[str, str] | None
    day: date

    @classmethod
    def of(cls, item: Activity, member_id: int, at: datetime, catalogue: Catalogue, zone: ZoneInfo) -> "Scene":
        """The scene of an activity at an instant. Raises UnknownStore, OverflowError."""
        store = (item.partner or catalogue.partner, item.store) if item.store else None
        return cls(member_id, catalogue.store_id(item.partner, item.store), store, periods.local_date(at, zone))

    def counter(self, cap: Cap) -> Name | None:
        """(key of the cap, of the member or store or 0, first day) of its counter; None where it does not hold."""
        if (cap.store and cap.store != self.store) or (cap.scope == "store" and self.store_id is None):
            return None
        key = {"member": self.member_id, "store": self.store_id or 0}.get(cap.scope, 0)
        return cap.id, key, cap.first_day(self.day).isoformat()


def _scene_of(posting: Posting[Activity]) -> Scene:
    own = posting.account.id, posting.activity_at, posting.context.catalogue, posting.configuration.zone
    return Scene.of(posting.item, *own)


class Giver(NamedTuple):
    """An activity of a batch and its member, whose counters may move."""

    item: Activity
    member_id: int


def lock(
    books: Books,
    givers: Iterable[Giver],
    originals: Iterable[Original],
    *,
    catalogue: Catalogue,
    returned: Mapping[Name, int],
) -> Counters:
    """The locked counters that the `givers` may move, those of the `originals` that are taken back, and those that
    get `returned` back. Asks nothing of the database where nothing is capped.
    """
    configuration = books.configuration
    caps = [cap for cap in configuration.caps if cap.has_counter]
    names = {counted.name for original in originals for counted in original.counted}
    for item, member_id in givers if caps else ():
        try:
            scene = Scene.of(item, member_id, item.activity_at or books.now, catalogue, configuration.zone)
        except (Refused, OverflowError):
            continue  # It is refused for that later.
        names.update(name for cap in caps if (name := scene.counter(cap)))
    return Counters(books.session, names, caps, returned)


# Giving.


class _Cut(NamedTuple):
    """Points that are left under the caps, each cut as a row of the trace, and what each cap allowed by its code."""

    parts: tuple[Part, ...]
    cuts: list[CutTrace]
    rooms: dict[str, int]


def check(posting: Posting[Activity], earned: Earned) -> None:
    """Refuse what goes beyond a cap that refuses. Raises CapReached before anything moves."""
    if any(cap.behaviour == "reject" for cap in posting.configuration.caps):
        freed = caps_of_refunds.freed(posting.about) if posting.item.replaces else {}
        _cut(posting, _scene_of(posting), earned.parts, freed=freed, refuses=True)


def book(posting: Posting[Activity], earned: Earned) -> Earned:
    """What is left of `earned` under all caps; counts it. The trace tells each cut, and what to count back."""
    configuration = posting.configuration
    if not configuration.is_capped:
        return earned
    scene = _scene_of(posting)
    parts, cuts, rooms = _cut(posting, scene, earned.parts)
    parts, balances = _cut_by_balance(posting, parts, cuts)
    counted: list[CountedTrace] = []
    for cap in configuration.caps:
        name = scene.counter(cap) if cap.has_counter else None
        if name and (use := cap.use_of(parts)):
            posting.books.counters.move(name, use)
            counted.append((cap.code, *name, use))
    capped = _with(earned, parts)
    traced = CapsTrace()
    if cuts:
        traced["cuts"] = cuts
        if any(cut["currency"] for cut in cuts):
            capped.trace["desired"] = earned.points
    if rooms:
        traced["rooms"] = rooms
    if balances:
        traced["balances"] = balances
    if counted:
        traced["counted"] = counted
    if traced:
        capped.trace["caps"] = traced
    return capped


def desired(earned: Earned) -> JsonObject:
    """What an answer says of the points that the caps cut off; nothing when they cut none."""
    return {"desired_points": earned.trace["desired"]} if "desired" in earned.trace else {}


def _cut(
    posting: Posting[Activity],
    scene: Scene,
    parts: tuple[Part, ...],
    *,
    freed: Mapping[Name, int] | None = None,
    refuses: bool = False,
) -> _Cut:
    """What the caps leave. `freed` comes back to counters by the same posting."""
    cuts: list[CutTrace] = []
    rooms: dict[str, int] = {}
    for cap in posting.configuration.caps:
        name = scene.counter(cap)
        if name is None:
            continue
        room = cap.room(posting.books.counters.used(cap, name, freed or {}) if cap.has_counter else 0)
        if room is None:
            continue
        rooms[cap.code] = room
        shorter = capping.shorten(parts, cap.covers, room)
        if shorter is not parts and refuses and cap.behaviour == "reject":
            raise CapReached(f"{cap.name}: {_allowed(cap, room, posting)}, and this would give more.")
        if shorter is not parts:
            rows = _rows(cap, parts, shorter, posting.configuration.money)
            cuts += [_reset(row, cap, scene.day) for row in rows]
        parts = shorter
    return _Cut(parts, cuts, rooms)


def _allowed(cap: Cap, room: int, posting: Posting[Activity]) -> str:
    if cap.measure != capping.DISCOUNT:
        return f"{room} more points are allowed"
    iso = posting.configuration.money
    return f"{money.render(room, money.exponent(iso))} {iso} more may be taken off"


def _rows(cap: Cap, before: tuple[Part, ...], after: tuple[Part, ...], iso: str) -> Iterator[CutTrace]:
    """Of the points that it cut, and of the money off, which is of the money `iso`."""
    for code in (cap.currency, ""):
        if _sum(before, code) != _sum(after, code):
            row = _row(cap.code, cap.name, code, before, after)
            if not code:
                row["money"] = iso
            yield row


def _row(code: str, name: str, currency: str, before: tuple[Part, ...], after: tuple[Part, ...]) -> CutTrace:
    was, left = _sum(before, currency), _sum(after, currency)
    return {"cap": code, "name": name, "currency": currency, "from": was, "to": left}


def _reset(cut: CutTrace, cap: Cap, day: date) -> CutTrace:
    """With what tells when a cap has room again: its period, and the day on which the next one begins."""
    cut["period"] = cap.period if cap.has_counter else "transaction"
    on = cap.resets_on(day) if cap.has_counter else None
    if cut["period"] == "trailing":
        cut["trailing_days"] = cap.trailing_days
    elif on:
        cut["resets_on"] = on.isoformat()
    return cut


def _sum(parts: tuple[Part, ...], currency: str) -> int:
    return capping.total(parts, capping.of_currency(currency))


def _cut_by_balance(
    posting: Posting[Activity], parts: tuple[Part, ...], cuts: list[CutTrace]
) -> tuple[tuple[Part, ...], dict[str, int]]:
    """(parts, {currency: most that fits}) under the largest balances; pending points count too."""
    fitting: dict[str, int] = {}
    for currency in posting.configuration.currencies.values():
        wanted = 0 if currency.max_balance is None else _sum(parts, currency.code)
        if not wanted:
            continue
        most = _fitting(posting, currency.code, wanted)
        if most < wanted:
            fitting[currency.code] = most
            shorter = capping.shorten(parts, capping.of_currency(currency.code), most)
            row = _row("max_balance", "Largest balance", currency.code, parts, shorter)
            row["period"] = "balance"
            cuts.append(row)
            parts = shorter
    return parts, fitting


def _fitting(posting: Posting[Activity], code: str, wanted: int) -> int:
    """The most of `wanted` points for which the member and the groups that share in them all have room."""
    books, account, currency = posting.books, posting.account, posting.configuration.currencies[code]
    shares = groups.percents(books, account)

    def all_fit(points: int) -> bool:
        shared = groups.parts(books, currency, points, shares)
        own = groups.Part(account, points - sum(part.points for part in shared))
        return all(fits(part.group, currency, part.points) for part in (own, *shared) if part.points)

    low, high = 0, wanted
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if all_fit(middle) else (low, middle - 1)
    return low


def _with(earned: Earned, parts: tuple[Part, ...]) -> Earned:
    """`earned` with its parts cut to `parts`; what each rule gave still adds up in its trace."""
    trace = earned.trace.copy()
    if parts is earned.parts:
        return earned._replace(trace=trace)
    trace["rules"] = rows = [row.copy() for row in trace["rules"]]
    for place, row in enumerate(rows):
        points = sum(part.points for part in parts if part.row == place and part.currency)
        if points != row["points"]:
            row["points"], row["desired"] = points, row["points"]
    if "discounts" in trace:
        trace["discounts"] = _discounts(trace["discounts"], parts)
    return earned._replace(points=capping.totals(parts), trace=trace, parts=parts)


def _discounts(rows: Sequence[DiscountTrace], parts: tuple[Part, ...]) -> list[DiscountTrace]:
    """The same with what is left of them."""
    found = [row.copy() for row in rows]
    for place, row in enumerate(found):
        amount = sum(part.points for part in parts if part.row == place and not part.currency)
        if amount != row["amount"]:
            row["amount"], row["desired"] = amount, row["amount"]
    return found
