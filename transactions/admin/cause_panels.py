"""Why is this entry or lot as it is? Its causal chain (transactions/proof/causes.py), each link leading on."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from django.http import HttpRequest

from loyalty_site.lib.panels import Panel, Sentences, Table, link, moment, points, through
from programs.models import Currency
from transactions.models import Entry, Journal, Lot
from transactions.proof import causes

#: A journal, an entry, a lot, or a link between them, as transactions/proof/causes.py describes it.
Link = dict[str, Any]


def of_entry(request: HttpRequest, entry: Entry) -> list[Panel]:
    """What caused the entry, what it used, and what became of what it gave."""
    chain = causes.of_entry(entry)
    why = [_journal(request, chain["journal"]), *chain["journal"]["sentences"]]
    shown: list[Panel] = [Sentences("Why", why)]
    if chain["took_from"]:
        shown.append(_took_from(request, entry, chain["took_from"]))
    return [*shown, *(_of_lot(request, entry.currency, chain["gave"]) if chain["gave"] else [])]


def of_lot(request: HttpRequest, lot: Lot) -> list[Panel]:
    """What earned the lot, and what became of it."""
    why = [_journal(request, causes.of_entry(lot.entry)["journal"])]
    return [Sentences("Earned by", why), *_of_lot(request, lot.currency, causes.of_lot(lot))]


def _of_lot(request: HttpRequest, currency: Currency, chain: Link) -> list[Panel]:
    zone = currency.program.zone
    shown: list[Panel] = [
        Table(
            title="What took from it",
            headers=["Entry", "Points", "Transaction", "When"],
            rows=[
                [
                    link(request, Entry(pk=use["entry"]["id"]), str(use["entry"]["id"])),
                    points(use["points"], currency),
                    _journal(request, use["journal"]),
                    _moment(use["entry"]["activity_at"], zone),
                ]
                for use in chain["used_by"]
            ],
            empty="Nothing so far.",
        )
    ]
    steps = [
        f"{_moment(one['at'], zone)}: its last usable day moved from {_through(one['from'], zone)} to "
        f"{_through(one['to'], zone)}. "
        f"{one['why']}"
        for one in chain["redated"]
    ]
    if chain["origin"]:
        steps.append(link(request, Lot(pk=chain["origin"]), f"It came from lot {chain['origin']}."))
    steps += [link(request, Lot(pk=key), f"Points of it live on in lot {key}.") for key in chain["moved_to"]]
    return [*shown, *([Sentences("What happened to it", steps)] if steps else [])]


def _took_from(request: HttpRequest, entry: Entry, uses: Sequence[Link]) -> Table:
    return Table(
        title="Which lots it used",
        headers=["Lot", "Points", "Earned by", "Last usable day"],
        rows=[
            [
                link(request, Lot(pk=use["lot"]["id"]), str(use["lot"]["id"])),
                points(use["points"], entry.currency),
                _journal(request, use["earned_by"]),
                _through(use["lot"]["expires_at"], entry.currency.program.zone),
            ]
            for use in uses
        ],
    )


def lots(request: HttpRequest, currency: Currency, described: Sequence[Link]) -> Table:
    """What a balance is the sum of."""
    zone = currency.program.zone
    return Table(
        title="The lots that it is the sum of",
        headers=["Lot", "Left", "Earned by", "Last usable day"],
        rows=[
            [
                link(request, Lot(pk=lot["id"]), str(lot["id"])),
                points(lot["remaining"], currency),
                _journal(request, lot["earned_by"]),
                _through(lot["expires_at"], zone),
            ]
            for lot in described
        ],
        empty="None: nothing is left, or these points have no lots.",
    )


def entries(request: HttpRequest, currency: Currency, described: Sequence[Link], *, title: str) -> Table:
    """Entries with what caused each."""
    zone = currency.program.zone
    return Table(
        title=title,
        headers=["Entry", "Points", "Balance after", "Transaction", "When"],
        rows=[
            [
                link(request, Entry(pk=entry["id"]), str(entry["id"])),
                points(entry["points"], currency, signed=True),
                points(entry["balance_after"], currency),
                _journal(request, entry["journal"]),
                _moment(entry["activity_at"], zone),
            ]
            for entry in described
        ],
    )


def _journal(request: HttpRequest, described: Link) -> str:
    kind = Journal.Kind(described["kind"]).label
    return link(request, Journal(pk=described["id"]), f"{kind} {described['external_id']}")


def _moment(text: str, zone: tzinfo) -> str:
    return moment(datetime.fromisoformat(text), zone)


def _through(text: str | None, zone: tzinfo) -> str:
    return through(datetime.fromisoformat(text) if text else None, zone)
