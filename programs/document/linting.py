"""What is legal in a document but surely not meant? Warnings, never refusals."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import cast
from zoneinfo import ZoneInfo

from django.utils import timezone

from loyalty_site.lib import money
from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import listed
from programs import compiling, rules
from programs.checks import Problem
from programs.document import (
    linting_guards,
    linting_ladders,
    linting_names,
    linting_promotions,
    linting_segments,
)
from programs.document.filling import filled
from programs.document.format import Document, ExpirySpec, RuleSpec
from programs.periods import local_date
from programs.rules.base import plain
from programs.rules.conditions import reading, registry
from programs.rules.fields import bands
from programs.rules.occasion import GIVEN_BY_THE_NIGHT, Occasion
from programs.rules.per_amount import PerAmount
from programs.rules.spend_bands import PARTS, SpendBands

#: What counts as activity beside what is reported as one.
_BOOKED = ("adjustment", "redemption")
_DAYS = {"day": 1, "month": 28, "year": 365}


def lint(given: ExactJson | Document) -> list[Problem]:
    """Warnings about a *valid* document."""
    document = filled(cast(Mapping[str, ExactJson], given))
    earned = {spec["currency"] for spec in document["rules"] if spec["is_active"] and _phase(spec) == "base"}
    return [
        *_program(document),
        *_currencies(document, earned),
        *linting_ladders.tier_groups(document, earned),
        *linting_ladders.idle_rules(document),
        *_multipliers(document, earned),
        *_steps(document),
        *_bands(document),
        *linting_guards.unlimited(document),
        *linting_names.in_vain(document),
        *_occasions(document),
        *linting_segments.segments(document),
        *linting_promotions.promotions(document, _today(document)),
    ]


def _today(document: Document) -> date:
    """The date on the clocks of the program."""
    return local_date(timezone.now(), ZoneInfo(document["program"]["time_zone"]))


def _phase(spec: RuleSpec) -> str:
    return rules.registry[spec["kind"]].phase


def _program(document: Document) -> Iterator[Problem]:
    program = document["program"]
    if not money.is_iso(program["money"]):
        yield Problem("program.money", f"no country pays in {program['money']} today")
    if program["owner"] in document["partners"]:
        place = document["partners"].index(program["owner"])
        yield Problem(f"partners[{place}]", "the owner always takes part; it need not be listed")
    if program["status"] == "active" and not any(spec["is_active"] for spec in document["rules"]):
        yield Problem("rules", "the program is active and gives points for nothing")


def _currencies(document: Document, earned: Collection[str]) -> Iterator[Problem]:
    spendable = [spec for spec in document["currencies"] if spec["kind"] == "spendable"]
    if len(spendable) > 1 and not any(spec["is_primary"] for spec in spendable):
        yield Problem("currencies", "none is primary, so each request must name the one it means")
    measured = {
        code for group in document["tier_groups"] for code in [group["currency"], *group["further_currencies"]]
    }
    for place, spec in enumerate(document["currencies"]):
        path = f"currencies[{place}]"
        if document["rules"] and spec["code"] not in earned:
            yield Problem(path, f"no active rule gives “{spec['code']}”")
        if spec["kind"] == "qualifying" and spec["code"] not in measured:
            yield Problem(path, f"no tier group is measured in “{spec['code']}”, so it counts for nothing")
        if spec["expiry"]:
            found = [*_overruled(spec["expiry"]), *_uncounted(spec["expiry"], document)]
            yield from (problem.under(f"{path}.expiry") for problem in found)


def _overruled(expiry: ExpirySpec) -> Iterator[Problem]:
    """Where the shortest validity decides when points end, and not what the rule itself says."""
    shortest, name = expiry["min_validity_days"], "min_validity_days"
    if expiry["model"] in ("fixed", "activity") and expiry["period"] * _DAYS[expiry["unit"]] <= shortest:
        yield Problem("period", f"is not longer than {name}, which then decides")
    # How old the youngest points are that end on such a day; with "before" the shortest validity ends a day sooner.
    spared = 1 if expiry.get("period_end") == "before" else 0
    if expiry["model"] == "calendar" and shortest - spared > expiry["min_age_days"]:
        yield Problem(
            name,
            f"keeps points that are younger than {shortest - spared} days on a cut-off alive beyond it, "
            f"each to a day of its own; with min_age_days {shortest - spared} they end on the next cut-off",
        )
    if expiry["model"] == "anniversary" and shortest > 1:
        yield Problem(
            name,
            f"keeps points of the last {shortest - 1} days before an anniversary alive beyond it; 0 ends them too",
        )


def _uncounted(expiry: ExpirySpec, document: Document) -> Iterator[Problem]:
    """Activities that should keep a balance alive, and that nobody else in the program speaks of."""
    if expiry["model"] != "activity":
        return
    known = {*compiling.reported_activities(document), *_BOOKED}
    for name in sorted(listed(expiry["counts"]) - known):
        words = f"“{name}” is no activity that a rule or a list of the program knows; add it to program.activities"
        yield Problem("counts", f"{words}, or correct it")


def _multipliers(document: Document, earned: Collection[str]) -> Iterator[Problem]:
    factors = {tier["multiplier"] for group in document["tier_groups"] for tier in group["tiers"]}
    based = (spec for spec in document["rules"] if spec["is_active"] and _phase(spec) == "base")
    giving = {(spec["currency"], spec["group"]) for spec in based}
    for place, spec in enumerate(document["rules"]):
        if not spec["is_active"] or _phase(spec) != "multiplier":
            continue
        if spec["currency"] not in earned:
            yield Problem(f"rules[{place}]", f"can never fire: no other rule gives “{spec['currency']}”")
        if spec["kind"] == "tier_multiplier" and factors <= {"1"}:
            yield Problem(f"rules[{place}]", "can never fire: each tier multiplies by 1")
        for group in sorted(listed(str(spec["params"].get("groups", "")))):
            if (spec["currency"], group) not in giving:
                words = f"no other rule gives “{spec['currency']}” in the group “{group}”"
                yield Problem(f"rules[{place}].params.groups", f"multiplies nothing of it: {words}")


def _steps(document: Document) -> Iterator[Problem]:
    """Rules per amount that count whole steps only."""
    is_per_line = document["program"]["round_per"] == "line"
    for place, spec in enumerate(document["rules"]):
        params = spec["params"]
        if not spec["is_active"] or spec["kind"] != PerAmount.slug or not params.get("whole_steps"):
            continue
        if is_per_line:
            why = "the program rounds each line, so each line needs a whole step of its own"
            yield Problem(f"rules[{place}].params.whole_steps", why)
        if params.get("minimum") and Fraction(str(params["minimum"])) <= Fraction(str(params["per"])):
            yield Problem(
                f"rules[{place}].params.minimum", "is not above one whole step, without which nothing is given"
            )


def _bands(document: Document) -> Iterator[Problem]:
    """Rules of bands by which who spends more gets less."""
    for place, spec in enumerate(document["rules"]):
        if not spec["is_active"] or spec["kind"] != SpendBands.slug or spec["params"].get("mode") == PARTS:
            continue
        for lower, band in pairwise(bands(str(spec["params"]["bands"]))):
            if band.gives < lower.gives:
                why = f"give less from {plain(band.start)} on than before it"
                yield Problem(f"rules[{place}].params.bands", why)


def _occasions(document: Document) -> Iterator[Problem]:
    """Rules that wait for what the night does not say of an occasion, or for an occasion that others report."""
    for place, spec in enumerate(document["rules"]):
        path = f"rules[{place}]"
        if not spec["is_active"]:
            continue
        if spec["kind"] == Occasion.slug:
            for one in reading.written(spec["conditions"]):
                if one.is_needed and not registry[one.key].known_to_night:
                    where = f"{path}.conditions.{one.path}"
                    yield Problem(where, "can never hold: the night reports only who and when")
            continue
        made = rules.made(spec["kind"], spec["params"])
        activities = (made and made.activities) or frozenset()
        for name in sorted(activities & GIVEN_BY_THE_NIGHT):
            why = f"“{name}” is reported by the night alone, and asks only rules of the kind {Occasion.slug}"
            yield Problem(f"{path}.params", why)
    named = listed(document["program"].get("activities", "")) & GIVEN_BY_THE_NIGHT
    for name in sorted(named):
        yield Problem("program.activities", f"“{name}” is reported by the night alone; it need not be listed")
