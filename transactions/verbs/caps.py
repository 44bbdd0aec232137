"""How much may still be given under a cap, and how is it counted? Source of the rules: semantics C8.

Counters are rows, locked in the order of their keys after the members are, so that two batches never wait
for each other in a circle. A batch adds one statement to lock and read them and one to move them.
"""

from dataclasses import dataclass, replace
from datetime import date

from loyalty_site.lib.refusals import Refused
from partners.activity import Activity, Reversal
from programs import capping, periods, versions
from transactions.books.counters import Counters
from transactions.verbs import groups
from transactions.verbs.balance_limits import room_of


class CapReached(Refused):
    code = "cap_reached"


@dataclass(frozen=True, slots=True)
class Scene:
    """Whom, where and when a cap asks for; `store` is (partner code, store code) or None."""

    member_id: int
    store_id: int | None
    store: tuple | None
    day: date

    def counter(self, cap):
        """(key of the cap, of the member or store or 0, first day) of its counter; None where it does not hold."""
        if (cap.store and cap.store != self.store) or (cap.scope == "store" and self.store_id is None):
            return None
        key = {"member": self.member_id, "store": self.store_id}.get(cap.scope, 0)
        return cap.id, key, cap.first_day(self.day).isoformat()


def _scene(item, member_id, *, catalogue, via, configuration, now):
    store = (item.partner or via.partner.code, item.store) if item.store else None
    day = periods.local_date(item.activity_at or now, configuration.zone)
    return Scene(member_id, catalogue.store_id(item), store, day)


def _scene_of(posting):
    own = {"catalogue": posting.catalogue, "via": posting.via}
    now = posting.books.now
    return _scene(posting.item, posting.account.id, **own, configuration=posting.configuration, now=now)


def lock(books, items, originals, *, catalogue, via, returned):
    """The locked Counters that `items`, (item, member key) pairs, may move, those of the `originals` that are
    taken back, and those that get `returned` back. Asks nothing of the database where nothing is capped.
    """
    configuration, names = books.configuration, set()
    where = {"catalogue": catalogue, "via": via, "configuration": configuration, "now": books.now}
    caps = [cap for cap in configuration.caps if cap.has_counter]
    for item, member_id in items:
        if caps and isinstance(item, Activity):
            try:
                scene = _scene(item, member_id, **where)
            except (Refused, OverflowError):
                continue  # It is refused for that later.
            names.update(name for cap in caps if (name := scene.counter(cap)))
    if any(isinstance(item, Reversal) or getattr(item, "replaces", "") for item, _ in items):
        names.update(tuple(name) for original in originals for _, *name, _ in _counted(original))
    return Counters(books.session, names, caps, returned)


def _counted(original):
    return original.trace.get("caps", {}).get("counted", ())


def check(posting, earned):
    """Refuse what goes beyond a cap that refuses. Raises CapReached before anything moves."""
    if any(cap.behaviour == "reject" for cap in posting.configuration.caps):
        _cut(posting, earned.parts, freed=_freed(posting), refuses=True)


def book(posting, earned):
    """What is left of `earned` under all caps; counts it. The trace tells each cut, and what to count back."""
    configuration = posting.configuration
    if not configuration.is_capped:
        return earned
    parts, cuts, rooms = _cut(posting, earned.parts)
    parts, balances = _cut_by_balance(posting, parts, cuts)
    counted, scene = [], _scene_of(posting)
    for cap in configuration.caps:
        name = scene.counter(cap) if cap.has_counter else None
        if name and (use := cap.use_of(parts)):
            posting.books.counters.move(name, use)
            counted.append([cap.code, *name, use])
    told = {"cuts": cuts, "rooms": rooms, "balances": balances, "counted": counted}
    trace = {"caps": {name: value for name, value in told.items() if value}} if any(told.values()) else {}
    if cuts:
        trace["desired"] = earned.points
    return _with(earned, parts, trace)


def desired(earned):
    """What an answer says of the points that the caps cut off; nothing when they cut none."""
    return {"desired_points": earned.trace["desired"]} if "desired" in earned.trace else {}


def _cut(posting, parts, *, freed=None, refuses=False):
    """(parts, cuts, rooms): what the caps leave, each cut as a row of the trace, and what each cap allowed."""
    cuts, rooms, scene = [], {}, _scene_of(posting)
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
            raise CapReached(f"{cap.name}: {room} more points are allowed, and this would give more.")
        if shorter is not parts:
            cuts.append(_row(cap.code, cap.name, cap.currency, parts, shorter) | _reset(cap, scene.day))
        parts = shorter
    return parts, cuts, rooms


def _row(code, name, currency, before, after):
    told = {"cap": code, "name": name, "currency": currency}
    return told | {"from": _sum(before, currency), "to": _sum(after, currency)}


def _reset(cap, day):
    """What tells when a cap has room again: its period, and the day on which the next one begins."""
    told = {"period": cap.period if cap.has_counter else "transaction"}
    if told["period"] == "trailing":
        return told | {"trailing_days": cap.trailing_days}
    on = cap.resets_on(day) if cap.has_counter else None
    return told | ({"resets_on": on.isoformat()} if on else {})


def _sum(parts, currency):
    return capping.total(parts, lambda part: part.currency == currency)


def _cut_by_balance(posting, parts, cuts):
    """(parts, {currency: most that fits}) under the largest balances; pending points count too."""
    fitting, shares = {}, None
    for currency in posting.configuration.currencies.values():
        wanted = _sum(parts, currency.code)
        if currency.max_balance is None or not wanted:
            continue
        shares = groups.percents(posting) if shares is None else shares
        most = _fitting(posting, currency, wanted, shares)
        if most < wanted:
            fitting[currency.code] = most
            shorter = capping.shorten(parts, lambda part, code=currency.code: part.currency == code, most)
            cuts.append(_row("max_balance", "Largest balance", currency.code, parts, shorter) | {"period": "balance"})
            parts = shorter
    return parts, fitting


def _fitting(posting, currency, wanted, shares):
    """The most of `wanted` points that neither the member nor the groups that share in them have no room for."""

    def fits(points):
        shared = groups.parts(posting, currency, points, shares)
        own = points - sum(part for _, part in shared)
        return all(part <= room_of(account, currency) for account, part in [(posting.account, own), *shared] if part)

    low, high = 0, wanted
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _with(earned, parts, told):
    """`earned` with its parts cut to `parts`, and `told` in its trace; what each rule gave still adds up."""
    rows = list(earned.trace["rules"])
    for place, row in enumerate(rows):
        points = sum(part.points for part in parts if part.row == place)
        if points != row["points"]:
            rows[place] = row | {"points": points, "desired": row["points"]}
    trace = earned.trace | {"rules": rows} | told
    return replace(earned, points=capping.totals(parts), trace=trace, parts=parts)


# Taking back: what a refund or an order edit does to the counters of the period of then.


def again(original, then, earned):
    """What the caps of then leave of `earned`, the points of what is left of an order: nobody loses by a refund
    more than the caps had let through. `then` is the configuration of then."""
    told = original.trace.get("caps", {})
    parts = earned.parts
    for cap in then.caps:
        if cap.code in told.get("rooms", {}):
            parts = capping.shorten(parts, cap.covers, told["rooms"][cap.code])
    for code, most in told.get("balances", {}).items():
        parts = capping.shorten(parts, lambda part, code=code: part.currency == code, most)
    return replace(earned, points=capping.totals(parts), parts=parts) if told else earned


def reopen(posting, *, targets, parts, moved):
    """Give back to the counters what a refund took back; returns what the refund's trace says of it.

    `targets` are the points by currency that the rest of the order deserves, `parts` the same by rule (None
    where only proportions are known), `moved` what the refund moves. Points that are not recovered stay used.
    """
    original, reopened = posting.original, {}
    if not _counted(original):
        return {}
    caps = {cap.code: cap for cap in versions.at(posting.configuration.id, original.program_version).caps}
    for code, *name, amount in _counted(original):
        cap = caps[code]
        if cap.reopens:
            back = _returned(original, cap, amount, targets=targets, parts=parts, moved=moved)
            back -= _reopened(original, code)
            if back > 0:
                reopened[code] = posting.books.counters.give_back(tuple(name), back)
    return {"reopened": reopened} if reopened else {}


def _returned(original, cap, amount, *, targets, parts, moved):
    """How much of the use `amount` of a cap is returned by all refunds of an order together."""
    code = cap.currency
    given = sum(row["points"] for row in original.trace["rules"] if row["currency"] == code)
    due = given - targets.get(code, 0)
    taken = -moved.get(code, 0) - sum(answer["points"].get(code, 0) for _, answer in original.refunds)
    if due <= 0:
        return 0
    left = cap.use_of(parts) if parts is not None else -(-amount * targets.get(code, 0) // given)
    return max(0, amount - left) * min(taken, due) // due


def _reopened(original, code):
    return sum(trace.get("reopened", {}).get(code, 0) for trace, _ in original.refunds)


def _freed(posting):
    """{counter: what comes back when the order that this one replaces is taken back whole}."""
    if not posting.item.replaces:
        return {}
    counted = _counted(posting.original)
    return {tuple(name): amount - _reopened(posting.original, code) for code, *name, amount in counted}
