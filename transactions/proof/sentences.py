"""Why did a transaction give what it gave? The trace of a journal, in words."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Protocol, TypeAlias

from loyalty_site.lib import money
from programs import competing, promotions
from programs.configuration import STOPPED
from programs.rules.no_points import NoPoints
from programs.traces import BeatenTrace, CutTrace, DiscountTrace, FactorTrace, MissTrace, RuleTrace
from transactions.models.journal_traces import AnyTrace, OpeningTrace
from transactions.proof import counted

#: Why another rule counts, where it did not just give more.
_BEATEN = {
    competing.HIGHEST: "of the same group gave most of all",
    competing.LOWEST: "of the same group gave less",
    competing.NEWEST: "of the same group is newer",
    competing.EXCLUSIVE: "lets no other one give anything",
    competing.STOPS: "stops the rules behind it",
    competing.AWAITED: "counts, for which it waits, and both together cannot be as it asks",
}

#: What was seen of promotions, by the names under which their rules ask; behind it come the codes of those.
_SEEN = {
    promotions.ENROLLED: "The member had enrolled in the promotion",
    promotions.LEFT_OUT: "The member is left out, to measure what it brings, of the promotion",
    promotions.OWN_CODES: "A code that could be used was given of the promotion",
    STOPPED: "It had been stopped by then, and gave nothing: promotion",
}


class Named(Protocol):
    """A currency, stored or compiled."""

    @property
    def name(self) -> str: ...

    @property
    def decimals(self) -> int: ...


Currencies: TypeAlias = Mapping[str, Named]

#: When there is room again under a cap of which no period ends.
_ROOM = {
    "transaction": "It holds for each transaction by itself.",
    "ever": "It never resets.",
    "balance": "There is room again when points are spent or end.",
}


def explain(trace: AnyTrace, currencies: Currencies) -> list[str]:
    """Sentences about a journal's trace, of which those of long ago lack what was added since.

    `currencies` maps codes to currencies.
    """
    if not trace:
        return []
    return [
        *_inputs(trace),
        *_paid(trace, currencies),
        *_opening(trace, currencies),
        *_set_tier(trace),
        *(_fired(rule, currencies) for rule in trace.get("rules", ())),
        *_discounts(trace),
        *(_beaten(rule) for rule in trace.get("beaten", ())),
        *_promoted(trace, currencies),
        *(_cut(cut, currencies) for cut in trace.get("caps", {}).get("cuts", ())),
        *_reopened(trace),
        *counted.told(trace),
        *_nearest(trace),
    ]


def _inputs(trace: AnyTrace) -> Iterator[str]:
    if "version" in trace:
        yield f"Evaluated under version {trace['version']} of the program."
    if "eligible" in trace:
        tiers = ", ".join(trace.get("tiers", {}).values()) or "none"
        local = trace.get("local", "")[:16].replace("T", " ")
        yield f"Seen by the rules: {trace['eligible']} eligible money, local time {local}, tier held before: {tiers}."
    for name, values in trace.get("seen", {}).items():
        yield f"{_SEEN.get(name, f'Asked of the member, and found: {name}')} {', '.join(values)}."
    if "rules" in trace and not trace["rules"]:
        yield (
            "No rule gave points."
            if "nearest" in trace
            else ("No rule gave points: none is about this kind of activity.")
        )


def _paid(trace: AnyTrace, currencies: Currencies) -> Iterator[str]:
    """With which points it was paid by the same fact."""
    if paid := trace.get("paid_with"):
        decimals, name = _unit(paid["currency"], currencies)
        worth = f", worth {paid['worth']} of its money" if paid["worth"] is not None else ""
        yield f"Paid with {money.render(paid['points'], decimals)} {name}{worth}."


def _opening(trace: AnyTrace, currencies: Currencies) -> Iterator[str]:
    """What somebody brought along from another system."""
    opening = trace.get("opening")
    if not opening:
        return
    decimals, name = _unit(opening.get("currency", ""), currencies)
    if "moved" in opening:
        moved, before = opening["moved"], opening["before"]
        was, to, by = (money.render(units, decimals) for units in (before, before + moved, abs(moved)))
        how = "added to" if moved >= 0 else "taken from"
        stated = f" (the file says {opening['stated']})" if opening.get("stated") else ""
        if opening["sets"]:
            yield f"Brought along from {opening['source']}: the balance of {was} {name} was set to {to}{stated}."
        else:
            yield f"Brought along from {opening['source']}: {by} {name}{stated} {how} a balance of {was}."
        yield "Opening balances never count as earned, and no cap is used up by them."
    if "earned_before" in opening:
        earned, spent = (money.render(opening[key], decimals) for key in ("earned_before", "redeemed_before"))
        yield f"There {earned} {name} were earned in all, and {spent} redeemed."
    if "counted" in opening:
        decimals, ladder = _unit(opening["ladder"], currencies)
        yield f"{money.render(opening['counted'], decimals)} {ladder} were counted for the tier."
    yield from _brought_tier(opening)


def _brought_tier(opening: OpeningTrace) -> Iterator[str]:
    tier = opening.get("tier")
    if tier and tier["is_kept"]:
        end = f" until {_written(tier['until'])} at least" if tier["until"] else ""
        yield f"The tier {tier['name']} was brought along, and is held{end}."
    elif tier:
        yield f"The tier {tier['name']} of there is lower than the one that was held here, which stays."


def _set_tier(trace: AnyTrace) -> Iterator[str]:
    """Which tier was set by hand."""
    said = trace.get("set_tier")
    if not said:
        return
    was, to = said["before"] or "none", said["tier"] or "none"
    yield f"The tier of {said['group']} was set to {to}; it had been {was}. {said['why']}"
    if said["until"]:
        yield f"It is held until {_written(said['until'])}."
    if said["locked_until"]:
        yield f"Until {_written(said['locked_until'])} nothing raises or lowers it."


def _written(iso: str) -> str:
    """An instant to the minute."""
    return iso[:16].replace("T", " ")


def _fired(rule: RuleTrace, currencies: Currencies) -> str:
    decimals, name = _unit(rule["currency"], currencies)
    if rule["kind"] == NoPoints.slug:
        return f"{_named(rule)} gives no points: it counts as activity for {name}."
    given = money.render(rule.get("desired", rule["points"]), decimals)
    left = money.render(rule["points"], decimals) if rule["points"] else "none"
    cut = f"; caps left {left} of them" if "desired" in rule else ""
    times = "".join(map(_times, rule.get("multiplied_by", ())))
    return f"{_named(rule)} gave {given} {name}: exactly {rule['exact']}{times}{cut}."


def _times(factor: FactorTrace) -> str:
    """What one multiplier did, as the next part of the sentence."""
    part = f"{factor['of']} of them " if "of" in factor else ""
    then = "all of that " if factor.get("compounds") and not part else ""
    return f", {part}{then}times {factor['factor']} by {_named(factor)}"


def _promoted(trace: AnyTrace, currencies: Currencies) -> Iterator[str]:
    """What each promotion gave altogether, after caps."""
    for promotion, given in trace.get("promotions", {}).items():
        units = {code: _unit(code, currencies) for code in given}
        parts = [f"{money.render(given[code], decimals)} {name}" for code, (decimals, name) in units.items()]
        code = ", for which a code of its list was used up" if promotion in trace.get("codes", {}) else ""
        yield f"Of this the promotion {promotion} gave {' and '.join(parts)}{code}."


def _beaten(rule: BeatenTrace) -> str:
    why = _BEATEN.get(rule.get("why", ""), "of the same group gave more")
    given = f"taken off {rule['exact']} {rule['money']}" if "money" in rule else f"given {rule['exact']}"
    return f"{_named(rule)} would have {given}, but rule {rule['by']} {why}."


def _discounts(trace: AnyTrace) -> Iterator[str]:
    """What tills were told to take off, and what they did, where that is something else."""
    rows = trace.get("discounts", ())
    for row in rows:
        exact = f"exactly {row['exact']}"
        cut = f"; caps left {_money(row['amount'], row['money'])} of it" if "desired" in row else ""
        whole = _money(row.get("desired", row["amount"]), row["money"])
        yield f"{_named(row)} takes {whole} off: {exact}{cut}."
    told, taken = sum(row["amount"] for row in rows), trace.get("taken_off")
    if taken and told != taken["amount"]:
        said, due = (_money(amount, taken["money"]) for amount in (taken["amount"], told))
        yield f"The till took {said} off its lines where the rules take {due} off: what it says was paid counts."


def _money(units: int, iso: str) -> str:
    return f"{money.render(units, money.exponent(iso))} {iso}"


def _cut(cut: CutTrace, currencies: Currencies) -> str:
    """What one cap took off, in the order in which they did."""
    decimals, name = _unit(cut["currency"], currencies)
    if "money" in cut:
        decimals, name = money.exponent(cut["money"]), f"{cut['money']} off"
    was, left, lost = (money.render(units, decimals) for units in (cut["from"], cut["to"], cut["from"] - cut["to"]))
    return f"“{cut['name']}” cut {was} to {left} {name}: {lost} lost. {_room(cut)}".rstrip()


def _room(cut: CutTrace) -> str:
    """When there is room again; of transactions of long ago it is not known."""
    if "resets_on" in cut:
        return f"There is room again on {date.fromisoformat(cut['resets_on']):%-d %B %Y}."
    if cut.get("period") == "trailing":
        return f"It looks back over {cut['trailing_days']} days, so room comes back day by day."
    return _ROOM.get(cut.get("period", ""), "")


def _reopened(trace: AnyTrace) -> Iterator[str]:
    if trace.get("reopened"):
        yield f"Room came back to the caps that it had used: {', '.join(trace['reopened'])}."


def _unit(code: str, currencies: Currencies) -> tuple[int, str]:
    """(decimals, name) of a currency; one that a program no longer has goes by its code."""
    currency = currencies.get(code)
    return (currency.decimals, currency.name) if currency else (0, code)


def _nearest(trace: AnyTrace) -> Iterator[str]:
    nearest = trace.get("nearest")
    if nearest:
        yield f"Nearest rule that did not fire: {_named(nearest)}, because {nearest['why']}."


def _named(rule: RuleTrace | FactorTrace | BeatenTrace | MissTrace | DiscountTrace) -> str:
    promotion = f", promotion {rule['promotion']}" if "promotion" in rule else ""
    return f"“{rule['name']}” (rule {rule['rule']}, version {rule['version']}{promotion})"
