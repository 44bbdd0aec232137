"""Why is it so? The causal chain of an entry, a balance or a tier, as plain data for API and admin.

Journal -> rule versions and trace -> lots -> what took from them -> their end. Instants are ISO text, points
are in the smallest unit; keys lead on to the next question.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from django.db.models import Prefetch, Q, QuerySet

from members.models import Balance, Standing
from programs import periods
from programs.ladders import FOREVER
from programs.models import Currency
from transactions.models import Entry, Journal, Lot, Trace
from transactions.models.journal_traces import AnyTrace
from transactions.proof import sentences
from transactions.proof.outlook import end_of, with_ends

#: Plain data, as it goes out as JSON.
Plain: TypeAlias = dict[str, Any]

#: Of a balance or a tier so many parts are listed, the latest first; `more` says whether there are others.
MOST = 50


def of_entry(entry: Entry) -> Plain:
    """The chain of one Entry: what caused it, what it used, and what became of what it gave."""
    journal = entry.journal
    currencies = {currency.code: currency for currency in Currency.objects.filter(program=journal.program_id)}
    lot = with_ends(Lot.objects.filter(pk=entry.pk)).first()
    lots = Prefetch("lot", with_ends(Lot.objects.select_related("entry__journal")))
    traces = entry.traces.prefetch_related(lots).order_by("pk")
    return {
        "entry": _entry(entry),
        "journal": of_journal(journal, currencies),
        "took_from": [
            {"points": trace.points, "lot": _lot(trace.lot), "earned_by": _journal(trace.lot.entry.journal)}
            for trace in traces
        ],
        "gave": of_lot(lot) if lot else None,
    }


def of_journal(journal: Journal, currencies: Mapping[str, Currency]) -> Plain:
    """What a Journal reports, under which version, and what each rule made of it."""
    trace: AnyTrace = journal.trace
    return _journal(journal) | {
        "program_version": journal.program_version,
        "rules": trace.get("rules", []),
        "sentences": sentences.explain(trace, currencies),
        "reverses": _journal(journal.reverses) if journal.reverses else None,
        "reversed_by": [_journal(one) for one in journal.reversals.order_by("pk")],
    }


def of_lot(lot: Lot) -> Plain:
    """What became of a Lot: who took from it, when its end was moved, where it was moved to."""
    uses = Trace.objects.filter(lot=lot).select_related("entry__journal").order_by("pk")
    return _lot(lot) | {
        "origin": lot.origin_id,
        "used_by": [
            {"points": use.points, "entry": _entry(use.entry), "journal": _journal(use.entry.journal)} for use in uses
        ],
        "redated": [
            {"at": _iso(one.at), "from": _iso(one.expires_before), "to": _iso(one.expires_after), "why": one.reason}
            for one in lot.redatings.order_by("pk")
        ],
        "moved_to": list(lot.moved_to.order_by("pk").values_list("pk", flat=True)),
    }


def of_balance(balance: Balance) -> Plain:
    """The chain of a stored Balance: the lots that it is the sum of, each with what earned it, soonest end first."""
    lots = with_ends(Lot.objects.filter(member=balance.member_id, currency=balance.currency_id, remaining__gt=0))
    listed = list(lots.select_related("entry__journal")[: MOST + 1])
    last = Entry.objects.filter(member=balance.member_id, currency=balance.currency_id).order_by("-sequence")[:MOST]
    return {
        "currency": balance.currency.code,
        "available": balance.available,
        "pending": balance.pending,
        "reserved": balance.reserved,
        "arrears": balance.arrears,
        "lots": [_lot(lot) | {"earned_by": _journal(lot.entry.journal)} for lot in listed[:MOST]],
        "more": len(listed) > MOST,
        "latest": [_entry(entry) | {"journal": _journal(entry.journal)} for entry in last.select_related("journal")],
    }


def of_tier(standing: Standing) -> Plain:
    """The chain of a Standing: what it replaced, what superseded it, and the qualifying entries that decided."""
    counted = list(_counted(standing).select_related("journal").order_by("-sequence")[: MOST + 1])
    others = Standing.objects.filter(member=standing.member_id, group=standing.group_id).select_related("tier")
    rows = list(others.exclude(pk=standing.pk).order_by("from_at", "pk"))
    before = [row for row in rows if (row.from_at, row.pk) < (standing.from_at, standing.pk)]
    told = [row for row in before if row.superseded_at is None or row.superseded_at > standing.recorded_at]
    caused = Journal.objects.filter(pk=standing.caused_by).first() if standing.caused_by else None
    reached = next((one for one in counted if caused is None or one.journal_id == caused.pk), None)
    if standing.reason != Standing.Reason.ACTIVITY:
        reached = None
    return {
        "group": standing.group.code,
        "tier": standing.tier.code if standing.tier else None,
        "threshold": standing.tier.threshold if standing.tier else None,
        "counts": standing.counted,
        "cycle": standing.cycle.isoformat() if standing.cycle and standing.cycle != FOREVER else None,
        "since": _iso(standing.since_at),
        "from": _iso(standing.from_at),
        "until": _iso(standing.until_at),
        "valid_until": _iso(standing.valid_until),
        "reason": standing.reason,
        "note": standing.note,
        "before": told[-1].tier.code if told and told[-1].tier else None,
        "replaced": _standing(told[-1]) if told else None,
        "superseded": [_standing(row) for row in rows if row.superseded_at == standing.recorded_at],
        "superseded_at": _iso(standing.superseded_at),
        "superseded_by": next((_standing(row) for row in rows if _is_anew(row, standing)), None),
        "caused_by": _journal(caused) if caused else None,
        "reached_by": _entry(reached) | {"journal": _journal(reached.journal)} if reached else None,
        "counted": [
            _entry(one) | {"currency": one.currency_id, "journal": _journal(one.journal)} for one in counted[:MOST]
        ],
        "more": len(counted) > MOST,
    }


def _counted(standing: Standing) -> QuerySet[Entry]:
    """The qualifying entries that were there when it was decided, of the period that decided where that is known."""
    group = standing.group
    currencies = [group.currency_id, *group.further_currencies.values_list("pk", flat=True)]
    entries = Entry.objects.filter(
        member=standing.member_id, currency__in=currencies, posted_at__lte=standing.recorded_at
    )
    if group.model not in ("calendar", "anniversary") or standing.cycle in (None, FOREVER):
        return entries
    first = periods.start_of_day(standing.cycle, group.program.zone)
    # What reaches us long after its own cycle has closed counts in the one of then.
    return entries.filter(Q(activity_at__gte=first) | Q(posted_at__gte=first + timedelta(days=group.late_window)))


def _is_anew(row: Standing, standing: Standing) -> bool:
    """Whether a row was written in place of a standing that was superseded."""
    return row.recorded_at == standing.superseded_at and row.superseded_at != row.recorded_at


def _standing(standing: Standing) -> Plain:
    return {
        "id": standing.pk,
        "tier": standing.tier.code if standing.tier else None,
        "name": standing.tier.name if standing.tier else None,
        "from": _iso(standing.from_at),
        "reason": standing.reason,
    }


def _entry(entry: Entry) -> Plain:
    names = ("kind", "points", "available", "pending", "reserved", "arrears", "balance_after", "sequence")
    values = {"id": entry.pk} | {name: getattr(entry, name) for name in names}
    return values | {"activity_at": _iso(entry.activity_at), "posted_at": _iso(entry.posted_at)}


def _journal(journal: Journal) -> Plain:
    names = ("kind", "activity", "external_id", "status", "amount", "money", "reason")
    values = {"id": journal.pk} | {name: getattr(journal, name) for name in names}
    return values | {"activity_at": _iso(journal.activity_at)}


def _lot(lot: Lot) -> Plain:
    names = ("points", "remaining", "is_pending", "is_extended", "is_floored", "waits_for")
    values = {"id": lot.pk} | {name: getattr(lot, name) for name in names}
    return values | {"available_at": _iso(lot.available_at), "expires_at": _iso(end_of(lot))}


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
