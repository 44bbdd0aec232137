"""Why is it so? The causal chain of an entry, a balance or a tier, as plain data for API and admin.

Journal -> rule versions and trace -> lots -> what took from them -> their end. Instants are ISO text, points
are in the smallest unit; keys lead on to the next question.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import Prefetch

from members.models import Balance, Standing
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
    """The chain of a Standing: what it replaced, and the qualifying entries that it was reached by."""
    entries = Entry.objects.filter(
        member=standing.member_id, currency=standing.group.currency_id, posted_at__lte=standing.recorded_at
    )
    counted = list(entries.select_related("journal").order_by("-sequence")[: MOST + 1])
    earlier = Standing.objects.filter(member=standing.member_id, group=standing.group_id, pk__lt=standing.pk)
    before = earlier.select_related("tier").order_by("-pk").first()
    reached = standing.reason == Standing.Reason.ACTIVITY and counted
    return {
        "group": standing.group.code,
        "tier": standing.tier.code if standing.tier else None,
        "threshold": standing.tier.threshold if standing.tier else None,
        "counts": standing.counted,
        "from": _iso(standing.from_at),
        "until": _iso(standing.until_at),
        "reason": standing.reason,
        "note": standing.note,
        "before": before.tier.code if before and before.tier else None,
        "reached_by": _entry(counted[0]) | {"journal": _journal(counted[0].journal)} if reached else None,
        "counted": [_entry(entry) | {"journal": _journal(entry.journal)} for entry in counted[:MOST]],
        "more": len(counted) > MOST,
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
