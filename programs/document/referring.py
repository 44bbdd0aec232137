"""What is refused of a document, and what do its rules name that does not exist? This asks the database."""

from collections.abc import Mapping
from typing import cast

from django.db.models import Count

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import listed
from programs import existing
from programs.checks import Problem
from programs.document import consistency
from programs.document.checking import check
from programs.document.filling import filled
from programs.document.format import Document
from programs.models import SkuList


def problems(given: ExactJson | Document) -> list[Problem]:
    """Why a value would not be imported: what `check` says, and what the rules of a strict program name in vain."""
    return check(given) or (unknown(given) if _refuses_unknown(given) else [])


def unknown(given: ExactJson | Document) -> list[Problem]:
    """Problems of the rules of a *valid* document that are switched on. Whether they are refused, it says itself."""
    return [problem.under(f"rules[{place}]") for place, problem in unknown_by_rule(given)]


def short_lists(given: ExactJson | Document) -> list[Problem]:
    """Problems of the lists of a *valid* document of which it counts other SKUs than are stored here: those do not
    come with it."""
    document = filled(cast(Mapping[str, ExactJson], given))
    lists = SkuList.objects.filter(program__code=document["program"]["code"]).annotate(count=Count("entries"))
    stored = dict(lists.values_list("code", "count"))
    return [
        Problem(
            f"sku_lists[{place}].entries", f"“{spec['code']}” has {has:,} SKUs here; put them into it in the admin"
        )
        for place, spec in enumerate(document.get("sku_lists", ()))
        if spec.get("entries") and spec["entries"] != (has := stored.get(spec["code"], 0))
    ]


def unknown_by_rule(given: ExactJson | Document) -> list[tuple[int, Problem]]:
    """The same as (place of the rule, problem inside it)."""
    document = filled(cast(Mapping[str, ExactJson], given))
    active = {place: spec for place, spec in enumerate(document["rules"]) if spec["is_active"]}
    found = existing.unknown(
        [spec["conditions"] for spec in active.values()],
        partners=consistency.surroundings(document).partners,
        channels=listed(document["program"].get("channels", "")),
    )
    pairs = zip(active, found, strict=True)
    return [(place, problem) for place, problems in pairs for problem in problems]


def _refuses_unknown(given: ExactJson | Document) -> bool:
    """Whether a *valid* document wants what is surely wrong to be refused."""
    return filled(cast(Mapping[str, ExactJson], given))["program"].get("strictness") == "refuse"
