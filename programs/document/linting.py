"""What is legal in a document but surely not meant? Warnings, never refusals."""

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from typing import cast

from loyalty_site.lib import money
from loyalty_site.lib.json_types import ExactJson
from programs import rules
from programs.checks import Problem
from programs.document.checking import filled
from programs.document.format import Document, ExpirySpec, RuleSpec
from programs.rules.per_amount import PerAmount

_DAYS = {"day": 1, "month": 28, "year": 365}


def lint(given: ExactJson | Document) -> list[Problem]:
    """Warnings about a *valid* document."""
    document = filled(cast(Mapping[str, ExactJson], given))
    earned = {spec["currency"] for spec in document["rules"] if spec["is_active"] and _phase(spec) == "base"}
    return [
        *_program(document),
        *_currencies(document, earned),
        *_tier_groups(document, earned),
        *_multipliers(document, earned),
        *_steps(document),
    ]


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
    measured = {group["currency"] for group in document["tier_groups"]}
    for place, spec in enumerate(document["currencies"]):
        path = f"currencies[{place}]"
        if document["rules"] and spec["code"] not in earned:
            yield Problem(path, f"no active rule gives “{spec['code']}”")
        if spec["kind"] == "qualifying" and spec["code"] not in measured:
            yield Problem(path, f"no tier group is measured in “{spec['code']}”, so it counts for nothing")
        if _is_overruled(spec["expiry"]):
            yield Problem(f"{path}.expiry.period", "is not longer than min_validity_days, which then decides")


def _is_overruled(expiry: ExpirySpec | None) -> bool:
    """Whether no lot can live as short as its expiry rule says."""
    if not expiry or expiry["model"] == "never":
        return False
    return expiry["period"] * _DAYS[expiry["unit"]] <= expiry["min_validity_days"]


def _tier_groups(document: Document, earned: Collection[str]) -> Iterator[Problem]:
    for place, group in enumerate(document["tier_groups"]):
        path = f"tier_groups[{place}]"
        if not group["tiers"]:
            yield Problem(f"{path}.tiers", "is empty, so nobody can reach anything")
        if group["currency"] not in earned:
            yield Problem(f"{path}.currency", f"no active rule gives “{group['currency']}”; nobody can rise")


def _multipliers(document: Document, earned: Collection[str]) -> Iterator[Problem]:
    factors = {tier["multiplier"] for group in document["tier_groups"] for tier in group["tiers"]}
    for place, spec in enumerate(document["rules"]):
        if not spec["is_active"] or _phase(spec) == "base":
            continue
        if spec["currency"] not in earned:
            yield Problem(f"rules[{place}]", f"can never fire: no other rule gives “{spec['currency']}”")
        if spec["kind"] == "tier_multiplier" and factors <= {"1"}:
            yield Problem(f"rules[{place}]", "can never fire: each tier multiplies by 1")


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
