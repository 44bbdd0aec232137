"""What does the page of a transaction show: what it did, why, and by which lines of the ledger?"""

from django.contrib import messages
from django.utils.text import capfirst

from loyalty_site.lib.panels import Sentences, Table, Tile, Tiles, amount, link, moment, points
from transactions.models import Journal, Lot
from transactions.proof.sentences import explain


def currencies_of(journal):
    return {currency.code: currency for currency in journal.program.currencies.all()}


def moved(journal, *, key="points"):
    """The points of an answer in words, e.g. "+46 Points, +46 Status points"."""
    currencies = currencies_of(journal)
    # What was reserved and released again moved nothing in the end.
    given = {} if journal.status == Journal.Status.REJECTED else journal.answer.get(key) or {}
    parts = [
        f"{points(units, currencies[code], signed=True)} {currencies[code].name}"
        for code, units in given.items()
        if code in currencies
    ]
    return ", ".join(parts)


def receipt(journal, result):
    """(level, sentence) for somebody who has just entered this transaction."""
    if result.status == "replayed":
        return messages.INFO, f"{journal} was recorded already; nothing was posted again."
    if result.status != "posted":
        return messages.WARNING, f"{journal}: {journal.get_status_display().lower()}. {journal.error}"
    currencies = currencies_of(journal)
    held = [
        f"{points(units, currencies[code])} {currencies[code].name}"
        for code, units in result.answer.get("balances", {}).items()
        if code in currencies
    ]
    did = moved(journal) or "no points; below it says why"
    lost = moved_unrecovered(journal)
    now = f" The member now has {', '.join(held)}." if held else ""
    return messages.SUCCESS, f"{journal.get_kind_display()}: {did}.{lost}{now}"


def moved_unrecovered(journal):
    rest = journal.answer.get("unrecovered")
    if not rest:
        return ""
    currencies = currencies_of(journal)
    parts = [f"{points(units, currencies[code])} {currencies[code].name}" for code, units in rest.items()]
    return f" Spent before, so not taken back: {', '.join(parts)}."


def panels(request, journal):
    entries = list(journal.entries.select_related("currency").order_by("pk"))
    return [panel for panel in _panels(request, journal, entries) if panel]


def _panels(request, journal, entries):
    yield _tiles(request, journal, entries)
    why = [*_state(journal), *_relations(request, journal), *explain(journal.trace, currencies_of(journal))]
    if moved_unrecovered(journal):
        why.append(moved_unrecovered(journal).strip())
    yield Sentences("Why", why) if why else None
    yield _lines(journal)
    yield _entries(request, journal, entries)
    yield _lots(request, journal, entries)


def _tiles(request, journal, entries):
    tiles = [
        Tile(
            label=entry.currency.name,
            value=points(entry.points, entry.currency, signed=True),
            notes=[entry.get_kind_display(), f"{points(entry.balance_after, entry.currency)} afterwards"],
        )
        for entry in entries
    ]
    if journal.money:
        tiles.append(Tile("Amount", amount(journal.amount, journal.money)))
    if journal.reversed_amount and journal.kind == journal.Kind.ACCRUAL:
        tiles.append(Tile("Refunded", amount(journal.reversed_amount, journal.money)))
    if journal.member_id:
        member = journal.member
        notes = [member.number, str(journal.program)]
        tiles.append(Tile("Member", link(request, member, str(member.customer)), notes=notes))
    return Tiles(tiles)


def _state(journal):
    """What an open or refused transaction waits for, or failed on."""
    if journal.status not in (journal.Status.PROCESSED, journal.Status.REVERSED):
        until = f" until {moment(journal.due_at, journal.program.zone)}" if journal.due_at else ""
        yield f"{journal.get_status_display()}{until}."
    if journal.error:
        yield journal.error
    if journal.decided_at:
        yield f"Decided by {decider(journal)} on {moment(journal.decided_at, journal.program.zone)}."


def decider(journal):
    """Who approved, rejected or retried it: a member of staff, an owner of the group, or nobody."""
    if journal.decided_by_member_id:
        return str(journal.decided_by_member)
    return journal.decided_by.get_username() if journal.decided_by_id else ""


def _relations(request, journal):
    """Links between a reversal and what it took back."""
    if journal.reverses_id:
        yield link(request, journal.reverses, f"Takes back {journal.reverses}.")
    for reversal in journal.reversals.all():
        why = f": {reversal.reason}" if reversal.reason else ""
        yield link(request, reversal, f"Taken back by {reversal}{why}.")


def _lines(journal):
    lines = list(journal.lines.select_related("product"))
    if not lines:
        return None
    return Table(
        title="Lines",
        headers=["SKU", "Product", "Category", "Quantity", "Amount", "Of which tax"],
        rows=[
            [
                line.sku or "-",
                line.product.name if line.product else "-",
                line.category or "-",
                line.quantity,
                amount(line.amount, journal.money),
                amount(line.tax, journal.money),
            ]
            for line in lines
        ],
    )


def _entries(request, journal, entries):
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


def _lots(request, journal, entries):
    """The lots that this transaction made, and those that it used."""
    keys = [entry.pk for entry in entries]
    made = Lot.objects.filter(entry__in=keys).select_related("currency").order_by("pk")
    rows = [_lot(request, journal, lot, "made", lot.points) for lot in made]
    for entry in journal.entries.model.objects.filter(pk__in=keys).prefetch_related("traces__lot__currency"):
        for trace in entry.traces.all():
            did = "used" if trace.points > 0 else "given back"
            rows.append(_lot(request, journal, trace.lot, did, abs(trace.points)))
    if not rows:
        return None
    return Table(title="Lots", headers=["Lot", "Did", "Points", "Left today", "Expires"], rows=rows)


def _lot(request, journal, lot, did, units):
    return [
        link(request, lot, f"{lot.currency.name} {lot.pk}"),
        capfirst(did),
        points(units, lot.currency),
        points(lot.remaining, lot.currency),
        moment(lot.expires_at, journal.program.zone, empty="never"),
    ]
