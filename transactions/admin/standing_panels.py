"""Why does a member hold this tier? The reason in words, what counted, what it replaced, on its page."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

from django.http import HttpRequest

from loyalty_site.lib import instants
from loyalty_site.lib.admin import Extension, StaffRequest, site
from loyalty_site.lib.panels import Panel, Sentences, link, moment, points
from members.models import Standing
from programs.models import Currency
from transactions.admin import cause_panels, refreshing
from transactions.models import Entry, Journal
from transactions.proof import causes

#: Why a standing is there, by its reason; {counted} is what decided, {period} the period of which it was.
_WORDS = {
    Standing.Reason.ENROLMENT: "Held from enrolment on: it asks for nothing.",
    Standing.Reason.ACTIVITY: "Reached: {counted} counted{period}.",
    Standing.Reason.RENEWAL: "Renewed: {counted} counted{period}, which is enough.",
    Standing.Reason.DOWNGRADE: "What was held before was not kept: {counted} counted{period}.",
    Standing.Reason.ASSESSED: "Assessed again: {counted} counted{period}.",
    Standing.Reason.REVERSAL: "What had reached the other tier was reversed: {counted} left{period}.",
    Standing.Reason.MANUAL: "Set by staff.",
    Standing.Reason.IMPORT: "Brought along from another system.",
    Standing.Reason.SEGMENT: "It follows a segment.",
    Standing.Reason.MERGE: "The higher tier of two members who became one.",
}


class StandingPanels(Extension[Standing]):
    """Why it is held, and the qualifying entries that decided."""

    def refresh(self, request: StaffRequest, standing: Standing) -> None:
        if refreshing.refresh([standing.member_id]):
            standing.refresh_from_db()

    def refresh_listed(self, request: StaffRequest, standings: Sequence[Standing]) -> bool:
        return refreshing.refresh({standing.member_id for standing in standings})

    def panels(self, request: StaffRequest, standing: Standing) -> list[Panel]:
        chain = causes.of_tier(standing)
        currencies = {one.pk: one for one in Currency.objects.filter(program=standing.group.program_id)}
        shown: list[Panel] = [Sentences("Why", list(_sentences(request, standing, chain, currencies.values())))]
        title = "What had been counted by then"
        for key, currency in currencies.items():
            own = [entry for entry in chain["counted"] if entry["currency"] == key]
            if own:
                shown.append(cause_panels.entries(request, currency, own, title=f"{title}: {currency.name}"))
        return shown


def _sentences(
    request: HttpRequest, standing: Standing, chain: dict[str, Any], currencies: Iterable[Currency]
) -> Iterator[str]:
    zone = standing.group.program.zone
    by_code = {currency.code: currency for currency in currencies}
    told = [
        f"{points(count, by_code[code])} {by_code[code].name}" if code in by_code else f"{count} {code}"
        for code, count in chain["counts"].items()
    ]
    since = f" from {instants.full_day(date.fromisoformat(chain['cycle']))} on" if chain["cycle"] else ""
    words = _WORDS[Standing.Reason(standing.reason)].format(counted=", ".join(told) or "nothing", period=since)
    yield words
    if standing.note:
        yield f"Staff wrote: {standing.note}"
    if entry := chain["reached_by"]:
        text = f"Reached by entry {entry['id']}: {entry['journal']['kind']} {entry['journal']['external_id']}."
        yield link(request, Entry(pk=entry["id"]), text)
    if caused := chain["caused_by"]:
        text = f"By {Journal.Kind(caused['kind']).label.lower()} {caused['external_id']}."
        yield link(request, Journal(pk=caused["id"]), text)
    if chain["replaced"]:
        yield _of(request, chain["replaced"], zone, "In place of")
    for row in chain["superseded"]:
        yield _of(request, row, zone, "It corrected")
    if chain["superseded_at"]:
        yield f"Superseded on {moment(standing.superseded_at, zone)}: it counts only for what was known before."
    if chain["superseded_by"]:
        yield _of(request, chain["superseded_by"], zone, "Corrected by")


def _of(request: HttpRequest, row: dict[str, Any], zone: tzinfo, words: str) -> str:
    """A link to another standing of the member."""
    since = moment(datetime.fromisoformat(row["from"]), zone)
    return link(request, Standing(pk=row["id"]), f"{words} {row['name'] or 'no tier'}, held from {since} on.")


site.extend(Standing, StandingPanels)
