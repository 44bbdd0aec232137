"""What would a purchase that is being entered do? Shown on its form before anything is posted, as tills are told."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import cast

from loyalty_site.lib.panels import Cell, Panel, Sentences, Table, Tile, Tiles, moment, points
from members.progress import Step
from programs.configuration import Currency
from transactions.models.journal_traces import AnyTrace
from transactions.proof.sentences import explain
from transactions.quotes.quoting import Quote
from transactions.quotes.redeemable import Redeemable


def panels(told: Quote) -> list[Panel]:
    """What posting it would give, the balances after it, why, and what points may pay for it."""
    tiles = list(_tiles(told))
    why = explain(cast(AnyTrace, told.trace), told.configuration.currencies) if told.trace else []
    return [
        Sentences("Preview: nothing is posted yet", list(_sentences(told))),
        *([Tiles(tiles)] if tiles else []),
        *([Sentences("Why", why)] if why else []),
        *_redeemables(told),
    ]


def _tiles(told: Quote) -> Iterator[Tile]:
    """A tile for each currency that it would move."""
    moved, balances = _points(told, "points"), _points(told, "balances")
    redeemed = cast("Mapping[str, Mapping[str, int]]", told.answer.get("redeemed", {})).get("points", {})
    for code, currency in told.configuration.currencies.items():
        given = moved.get(code, 0)
        if not given and not redeemed.get(code):
            continue
        notes = [_pending(told, code)]
        if redeemed.get(code):
            notes.append(f"Paid with {points(-redeemed[code], currency)}")
        if code in balances:
            notes.append(f"{points(balances[code], currency)} afterwards")
        yield Tile(currency.name, points(given, currency, signed=True), [note for note in notes if note])


def _sentences(told: Quote) -> Iterator[str]:
    """What would become of it, which tiers it would change, and what is surely wrong with it."""
    yield told.detail or f"It would give {_in_words(told, _points(told, 'points')) or 'no points'}."
    for number, shared in cast("Mapping[str, Mapping[str, int]]", told.answer.get("shared", {})).items():
        yield f"To the group {number}: {_in_words(told, shared)}."
    for before, after in zip(told.before, told.after, strict=True):
        if before.tier is not after.tier:
            yield f"{before.group.name}: {_tier(before)} now, {_tier(after)} afterwards."
    yield from (doubt["detail"] for doubt in cast("list[dict[str, str]]", told.answer.get("warnings", [])))


def _redeemables(told: Quote) -> Iterator[Table]:
    if told.redeemables:
        headers = ["Points", "Can be spent", "At most on it", "Worth", "It would earn then", "Why none"]
        yield Table("What points may pay of it", headers, [_row(told, one) for one in told.redeemables])


def _row(told: Quote, one: Redeemable) -> list[Cell]:
    worth = f"{one.money_value} {told.configuration.money}" if one.money_value is not None else "-"
    return [
        one.currency.name,
        points(one.available, one.currency),
        points(one.points, one.currency),
        worth,
        _in_words(told, one.earns or {}) or "-",
        one.detail or "-",
    ]


def _pending(told: Quote, code: str) -> str:
    """From when on what it gives can be spent; "" where at once."""
    pending = cast("Mapping[str, Mapping[str, str | None]]", told.answer.get("pending", {})).get(code)
    if not pending:
        return ""
    if pending["available_at"]:
        free = moment(datetime.fromisoformat(pending["available_at"]), told.configuration.zone)
        return f"Pending until {free}"
    return f"Pending until “{pending['waits_for']}” is reported"


def _points(told: Quote, name: str) -> Mapping[str, int]:
    return cast("Mapping[str, int]", told.answer.get(name, {}))


def _in_words(told: Quote, moved: Mapping[str, int]) -> str:
    """{currency code: smallest units} in words: “46 Points, 12 Status points”."""
    known: Mapping[str, Currency] = told.configuration.currencies
    return ", ".join(f"{points(units, known[code])} {known[code].name}" for code, units in moved.items() if units)


def _tier(step: Step) -> str:
    return step.tier.name if step.tier else "no tier"
