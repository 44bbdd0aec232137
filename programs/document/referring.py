"""What is refused of a document, and what do its rules and promotions name that nobody has? It asks the database."""

from collections.abc import Mapping
from typing import Literal, TypeAlias, cast

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

#: What has conditions that may name what nobody has.
Part: TypeAlias = Literal["rules", "promotions"]


def problems(given: ExactJson | Document) -> list[Problem]:
    """Why a value would not be imported: what `check` says, and what those of a strict program name in vain."""
    return check(given) or (unknown(given) if _refuses_unknown(given) else [])


def unknown(given: ExactJson | Document) -> list[Problem]:
    """Problems of the rules and promotions of a *valid* document that are switched on. Whether they are refused, it
    says itself."""
    return [problem.under(f"{part}[{place}]") for part, place, problem in unknown_by_part(given)]


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


def unknown_by_part(given: ExactJson | Document) -> list[tuple[Part, int, Problem]]:
    """The same as (rules or promotions, place of the one there, problem inside it)."""
    document = filled(cast(Mapping[str, ExactJson], given))
    specs: dict[tuple[Part, int], existing.Conditions] = {
        ("rules", place): spec["conditions"] for place, spec in enumerate(document["rules"]) if spec["is_active"]
    }
    for place, offer in enumerate(document.get("promotions", ())):
        if offer["is_active"]:
            specs["promotions", place] = offer["conditions"]
    found = existing.unknown(
        list(specs.values()),
        partners=consistency.surroundings(document).partners,
        channels=listed(document["program"].get("channels", "")),
    )
    pairs = zip(specs, found, strict=True)
    return [(part, place, problem) for (part, place), problems in pairs for problem in problems]


def _refuses_unknown(given: ExactJson | Document) -> bool:
    """Whether a *valid* document wants what is surely wrong to be refused."""
    return filled(cast(Mapping[str, ExactJson], given))["program"].get("strictness") == "refuse"
