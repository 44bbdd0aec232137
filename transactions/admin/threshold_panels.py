"""Whom would the thresholds of a ladder move, and whom have they moved? The panels of its page."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.utils.html import format_html_join

from loyalty_site.lib.panels import Panel, Sentences, Table, Tile, Tiles, link, moment
from programs.ladders import Tier
from programs.models import TierGroup
from transactions.admin.job_pages import reached
from transactions.models import NightRun, Reevaluation
from transactions.policies import thresholds
from transactions.policies.previewing import Move, Preview

_JOBS = 5
_WORDS = {"raised": "Raised", "renewed": "Kept in grace", "lowered": "Lowered"}


def effects() -> Sentences:
    """What an edit of thresholds does by itself, and what it may do at once."""
    return Sentences(
        "What an edit does",
        [
            "By itself it is for the next assessment: nobody moves until something is posted for them, or until the "
            "validity of their tier ends.",
            "Upgrades now: whoever has reached a tier by the thresholds of today gets it, as if reached today. "
            "Nobody goes down.",
            "Full re-evaluation: also lowers who would not have got their tier by these thresholds, as if assessed "
            "today. It waits until somebody else has agreed.",
            "What staff have locked stays, tiers set by staff or brought from another system are not taken away, "
            "and grace that has begun goes on.",
        ],
    )


def plan(request: HttpRequest, plan: Preview) -> Iterator[Panel]:
    """Who would move, from which tier to which."""
    yield Tiles(
        [
            Tile("Raised", str(plan.count("raised")), ["would get a higher tier"]),
            Tile("Kept in grace", str(plan.count("renewed")), ["would be renewed"]),
            Tile("Lowered", str(plan.count("lowered")), ["would get a lower tier, or none"]),
            Tile("Members", str(plan.members), [f"{plan.locked} of them locked by staff"]),
        ]
    )
    if not plan.is_whole:
        note = f"All {plan.members} members will be looked at; these numbers are of the first {plan.seen}."
        yield Sentences("Not all of them are counted here", [note])
    rows = [[_WORDS[one.outcome], _arrow(one), str(one.count), _first(request, one)] for one in plan.moves]
    headers = ["What", "From and to", "Members", "The first of them"]
    yield Table("Who would move", headers, rows, empty="Nobody would move.")


def _arrow(move: Move) -> str:
    return f"{_named(move.before)} → {_named(move.after)}"


def _named(tier: Tier | None) -> str:
    return tier.name if tier else "no tier"


def _first(request: HttpRequest, move: Move) -> str:
    links = [(link(request, one, f"{one.number} {one.customer}"),) for one in move.first]
    return format_html_join(", ", "{}", links)


def waiting(asked: Reevaluation, *, is_stale: bool) -> Sentences:
    """Who asks for what, and whether the program is still the one that was seen."""
    expected = ", ".join(f"{count} {name}" for name, count in asked.expected.items())
    said = [
        f"Why: {asked.reason}",
        f"Asked for by {asked.requested_by.get_username()}, {moment(asked.requested_at, asked.group.program.zone)}.",
        f"Seen then: {expected}. What follows is of this moment.",
    ]
    if is_stale:
        said.append("The program has changed since: it can only be rejected, and asked for anew.")
    return Sentences("A full re-evaluation waits for somebody to agree", said)


def under_way(job: NightRun) -> Sentences:
    """How far a job is."""
    notes = [f"Moved by now: {_moves(job)}.", f"Why: {job.counts['reason']}"]
    notes.append("A worker goes on with it, at the latest in the night; load this page again to see how far it is.")
    return Sentences(f"Under way: {reached(job)}", notes)


def finished(request: HttpRequest, group: TierGroup) -> list[Panel]:
    """The last jobs that are done."""
    jobs = thresholds.jobs(group).exclude(finished_at=None)[:_JOBS]
    rows = [
        [
            link(request, job, moment(job.started_at, group.program.zone)),
            "Full re-evaluation" if job.counts["effect"] == "full" else "Upgrades now",
            _moves(job),
            job.counts["by"] or "-",
            job.error or job.counts["reason"],
        ]
        for job in jobs
    ]
    return [Table("Done before", ["When", "What", "Moved", "By", "Why"], rows)] if rows else []


def _moves(job: NightRun) -> str:
    names = ("raised", "renewed", "lowered")
    return ", ".join(f"{job.counts[name]} {name}" for name in names if job.counts[name]) or "nobody"


def done(job: NightRun) -> str:
    """What a job has done, as one sentence."""
    return f"Done: {_moves(job)} of {job.counts['members']} members."
