"""What does the page of a transaction show: what it did, why, and by which lines of the ledger?"""

from collections.abc import Iterator, Sequence
from typing import cast

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils.text import capfirst

from loyalty_site.lib import quantities
from loyalty_site.lib.panels import Cell, Panel, Sentences, Table, Tile, Tiles, amount, link, moment, points, through
from partners.activity import Adjustment
from partners.stored import load
from transactions.admin.wording import points_in_words, terms_of
from transactions.books.items import Result
from transactions.books.parts_told import parts_told, told_of_line
from transactions.models import Entry, Journal, JournalLine, Lot
from transactions.proof.outlook import end_of, with_ends
from transactions.proof.sentences import explain
from transactions.verbs.adjustments import ACTIVITY

#: What the parts of an amount are called on the page.
_PARTS = {
    "tax": "Of which tax",
    "shipping": "Of which shipping",
    "shipping_tax": "Tax on shipping",
    "gift_card": "Paid with gift cards",
    "points_value": "Paid with points",
}


def moved(journal: Journal) -> str:
    """The points that it moved in words, e.g. "+46 Points, +46 Status points"."""
    # What was reserved and released again moved nothing in the end.
    moved_nothing = journal.status == Journal.Status.REJECTED
    return "" if moved_nothing else points_in_words(journal.program, journal.answer.get("points"), signed=True)


def receipt(journal: Journal, result: Result) -> tuple[int, str]:
    """(level of the message, sentences) for somebody who has just entered this transaction."""
    if result.status == "replayed":
        return messages.INFO, f"{journal} was recorded already; nothing was posted again."
    if result.status != "posted":
        return messages.WARNING, f"{journal}: {journal.get_status_display().lower()}. {journal.error}"
    balances = cast("dict[str, int] | None", (result.answer or {}).get("balances"))
    held = points_in_words(journal.program, balances)
    did = moved(journal) or "no points; below it says why"
    now = f"The member now has {held}." if held else ""
    sentences = [f"{journal.get_kind_display()}: {did}.", _redeemed(journal), _unrecovered(journal), now]
    doubts = warnings(journal)
    level = messages.WARNING if doubts else messages.SUCCESS
    return level, " ".join(filter(None, [*sentences, *doubts]))


def warnings(journal: Journal) -> list[str]:
    """Sentences about what is surely wrong with it, though it was taken."""
    found = cast("list[dict[str, str]]", journal.answer.get("warnings", []))
    return [warning["detail"] for warning in found]


def _redeemed(journal: Journal) -> str:
    """A sentence about the points that paid for it by the same fact, "" where none did."""
    redeemed = journal.answer.get("redeemed")
    if not redeemed:
        return ""
    spent = points_in_words(journal.program, {code: -units for code, units in redeemed["points"].items()})
    worth = f", worth {redeemed['money_value']} {journal.program.money}" if redeemed["money_value"] else ""
    return f"Paid with {spent}{worth}."


def _unrecovered(journal: Journal) -> str:
    """A sentence about points that had been spent before they could be taken back, "" where there are none."""
    rest = points_in_words(journal.program, journal.answer.get("unrecovered"))
    return f"Spent before, so not taken back: {rest}." if rest else ""


def panels(request: HttpRequest, journal: Journal) -> list[Panel]:
    """What it did, why, what was bought, and the lines and lots of the ledger that it made and used."""
    entries = list(journal.entries.select_related("currency").order_by("pk"))
    why = list(_why(request, journal))
    return [
        _tiles(request, journal, entries),
        *([Sentences("Surely wrong", doubts)] if (doubts := warnings(journal)) else []),
        *([Sentences("Why", why)] if why else []),
        *_lines(journal),
        _entries(request, journal, entries),
        *_lots(request, journal, entries),
    ]


def _why(request: HttpRequest, journal: Journal) -> Iterator[str]:
    yield from _state(journal)
    yield from _relations(request, journal)
    if journal.kind == Journal.Kind.ADJUSTMENT and journal.activity == ACTIVITY:
        yield from terms_of(load(Adjustment, journal.payload))
    yield from explain(journal.trace, {currency.code: currency for currency in journal.program.currencies.all()})
    if unrecovered := _unrecovered(journal):
        yield unrecovered


def _tiles(request: HttpRequest, journal: Journal, entries: Sequence[Entry]) -> Tiles:
    tiles = [
        Tile(
            label=entry.currency.name,
            value=points(entry.points, entry.currency, signed=True),
            notes=[entry.get_kind_display(), f"{points(entry.balance_after, entry.currency)} afterwards"],
        )
        for entry in entries
    ]
    if journal.money:
        tiles.append(Tile("Amount", amount(journal.amount, journal.money), notes=list(_parts(journal))))
    if journal.reversed_amount and journal.kind == journal.Kind.ACCRUAL:
        tiles.append(Tile("Refunded", amount(journal.reversed_amount, journal.money)))
    if member := journal.member:
        notes = [member.number, str(journal.program)]
        tiles.append(Tile("Member", link(request, member, str(member.customer)), notes=notes))
    return Tiles(tiles)


def _parts(journal: Journal) -> Iterator[str]:
    """What of the amount was reported as tax and shipping, and what else than money paid for it."""
    told = parts_told(journal.kind, journal.payload, journal.trace, journal.money)
    for name, units in told.items():
        yield f"{_PARTS[name]} {amount(units, journal.money)}"


def _state(journal: Journal) -> Iterator[str]:
    """What an open or refused transaction waits for, or failed on."""
    if journal.status not in (journal.Status.PROCESSED, journal.Status.REVERSED):
        until = f" until {moment(journal.due_at, journal.program.zone)}" if journal.due_at else ""
        yield f"{journal.get_status_display()}{until}."
    if journal.error:
        yield journal.error
    if journal.decided_at:
        yield f"Decided by {decider(journal)} on {moment(journal.decided_at, journal.program.zone)}."


def decider(journal: Journal) -> str:
    """Who approved, rejected or retried it: a member of staff, an owner of the group, or nobody."""
    if journal.decided_by_member:
        return str(journal.decided_by_member)
    return journal.decided_by.get_username() if journal.decided_by else ""


def _relations(request: HttpRequest, journal: Journal) -> Iterator[str]:
    """Links between a reversal and what it took back."""
    if journal.reverses:
        yield link(request, journal.reverses, f"Takes back {journal.reverses}.")
    for reversal in journal.reversals.all():
        why = f": {reversal.reason}" if reversal.reason else ""
        yield link(request, reversal, f"Taken back by {reversal}{why}.")


def _lines(journal: Journal) -> list[Panel]:
    lines = list(journal.lines.select_related("product"))
    headers = ["SKU", "Product", "Category", "Quantity", "Amount", "Of which tax", "Discount", "Labels"]
    return [Table("Lines", headers, [_line(line, journal) for line in lines])] if lines else []


def _line(line: JournalLine, journal: Journal) -> list[Cell]:
    iso, said = journal.money, told_of_line(journal.payload, line.position)
    attributes = [f"{name}: {value}" for name, value in said.attributes.items()]
    return [
        line.sku or "-",
        line.product.name if line.product else "-",
        line.category or "-",
        quantities.text(line.in_thousandths),
        amount(line.amount, iso),
        amount(line.tax, iso),
        amount(line.discount, iso),
        ", ".join([*said.labels, *attributes]) or "-",
    ]


def _entries(request: HttpRequest, journal: Journal, entries: Sequence[Entry]) -> Table:
    zone = journal.program.zone
    return Table(
        title="Ledger",
        headers=["Entry", "Kind", "Points", "Currency", "Balance after", "Posted"],
        rows=[
            [
                link(request, entry, f"{entry.pk} (no. {entry.sequence} of the member)"),
                entry.get_kind_display(),
                points(entry.points, entry.currency, signed=True),
                entry.currency.name,
                points(entry.balance_after, entry.currency),
                moment(entry.posted_at, zone),
            ]
            for entry in entries
        ],
        empty="It moved no points.",
    )


def _lots(request: HttpRequest, journal: Journal, entries: Sequence[Entry]) -> list[Panel]:
    """The lots that this transaction made, and those that it used."""
    keys = [entry.pk for entry in entries]
    made = with_ends(Lot.objects.filter(entry__in=keys)).select_related("currency").order_by("pk")
    rows = [_lot(request, journal, lot, "made", lot.points) for lot in made]
    for entry in Entry.objects.filter(pk__in=keys).prefetch_related(
        Prefetch("traces__lot", with_ends(Lot.objects.select_related("currency")))
    ):
        for trace in entry.traces.all():
            did = "used" if trace.points > 0 else "given back"
            rows.append(_lot(request, journal, trace.lot, did, abs(trace.points)))
    return [Table("Lots", ["Lot", "Did", "Points", "Left today", "Last usable day"], rows)] if rows else []


def _lot(request: HttpRequest, journal: Journal, lot: Lot, did: str, units: int) -> list[Cell]:
    return [
        link(request, lot, f"{lot.currency.name} {lot.pk}"),
        capfirst(did),
        points(units, lot.currency),
        points(lot.remaining, lot.currency),
        through(end_of(lot), journal.program.zone),
    ]
