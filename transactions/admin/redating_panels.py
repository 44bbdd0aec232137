"""What would a re-dating of live lots move, and what did earlier ones move? The panels of its page."""

from collections.abc import Iterator
from datetime import date

from django.http import HttpRequest

from loyalty_site.lib.instants import full_day
from loyalty_site.lib.panels import Panel, Sentences, Table, Tile, Tiles, link, moment, points, through
from programs.models import Currency, ExpiryRule
from transactions.admin.job_pages import reached
from transactions.expiry import redating
from transactions.expiry.preview import Moved, Preview
from transactions.models import NightRun

#: Groups of ends that are shown, those with most points first.
_GROUPS = 15
_JOBS = 5


def terms(currency: Currency) -> Sentences:
    """By which terms lots end, those of today and those that live already."""
    rule: ExpiryRule | None = getattr(currency, "expiry_rule", None)
    model = rule.get_model_display() if rule else "Never"
    period = f", {rule}" if rule and rule.model in ("fixed", "activity") else ""
    notice = rule.notice_days if rule else 0
    return Sentences(
        "Terms",
        [
            f"New lots end by the terms of today: {model}{period}.",
            "Lots that live already keep their end until you re-date them.",
            f"By that, none ends sooner than {notice} days from now, unless it ends before that anyway.",
        ],
    )


def plan(currency: Currency, plan: Preview) -> Iterator[Panel]:
    """How much would move."""
    moved = plan.moved
    yield Tiles(
        [
            Tile("Move", f"{moved.lots} of {plan.seen} lots", [f"{plan.sooner} end sooner, {plan.later} later"]),
            Tile(currency.name, points(moved.points, currency), ["would get another end"]),
            Tile("Members", str(moved.members), [f"of {plan.members} with live points"]),
        ]
    )
    if not plan.is_whole:
        note = f"All {plan.lots} live lots will be looked at; these numbers are of the first {plan.seen}."
        yield Sentences("Not all of them are counted here", [note])
    if not moved.lots:
        yield Sentences("Preview", ["Nothing would move: each lot has the end that the terms of today give it."])


def details(request: HttpRequest, currency: Currency, plan: Preview) -> list[Panel]:
    """What would move from which day to which, with examples; empty where nothing would."""
    return [_moves(currency, plan), _examples(request, currency, plan)] if plan.moved.lots else []


def _moves(currency: Currency, plan: Preview) -> Table:
    groups: list[tuple[tuple[date | None, date | None], Moved]]
    groups = sorted(plan.moves.items(), key=lambda group: -group[1].points)
    rows = [
        [f"{_day(before)} → {_day(after)}", str(group.lots), points(group.points, currency)]
        for (before, after), group in groups[:_GROUPS]
    ]
    if others := [group for _, group in groups[_GROUPS:]]:
        lots, units = sum(group.lots for group in others), sum(group.points for group in others)
        rows.append([f"{len(others)} other moves", str(lots), points(units, currency)])
    return Table("What would move", ["Last usable day", "Lots", "Points"], rows)


def _examples(request: HttpRequest, currency: Currency, plan: Preview) -> Table:
    zone = currency.program.zone
    return Table(
        title="For example",
        headers=["Member", "Lot", "Left", "Last usable day now", "Then"],
        rows=[
            [
                link(request, one.lot.member, one.lot.member.number),
                link(request, one.lot, str(one.lot.pk)),
                points(one.lot.remaining, currency),
                through(one.before, zone),
                through(one.after, zone),
            ]
            for one in plan.examples
        ],
    )


def finished(request: HttpRequest, currency: Currency) -> list[Panel]:
    """The last jobs that are done."""
    jobs = redating.jobs(currency).exclude(finished_at=None)[:_JOBS]
    rows = [
        [
            link(request, job, moment(job.started_at, currency.program.zone)),
            job.counts["lots"],
            job.counts.get("by") or "-",
            job.counts["reason"],
        ]
        for job in jobs
    ]
    return [Table("Done before", ["When", "Lots", "By", "Why"], rows)] if rows else []


def under_way(job: NightRun) -> Sentences:
    """How far a job is."""
    notes = [f"{job.counts['lots']} lots have another end by now.", f"Why: {job.counts['reason']}"]
    notes.append("A worker goes on with it, at the latest in the night; load this page again to see how far it is.")
    return Sentences(f"Under way: {reached(job)}", notes)


def _day(day: date | None) -> str:
    return full_day(day) if day else "never"
