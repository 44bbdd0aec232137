"""What do the rules of a document name that does not exist? Unlike the lint, this asks the database."""

from collections.abc import Mapping
from typing import cast

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import listed
from programs import existing
from programs.checks import Problem
from programs.document import consistency
from programs.document.checking import filled
from programs.document.format import Document


def unknown(given: ExactJson | Document) -> list[Problem]:
    """Problems of the rules of a *valid* document that are switched on. Whether they are refused, it says itself."""
    document = filled(cast(Mapping[str, ExactJson], given))
    active = {place: spec for place, spec in enumerate(document["rules"]) if spec["is_active"]}
    found = existing.unknown(
        [spec["conditions"] for spec in active.values()],
        partners=consistency.surroundings(document).partners,
        channels=listed(document["program"].get("channels", "")),
    )
    pairs = zip(active, found, strict=True)
    return [problem.under(f"rules[{place}]") for place, problems in pairs for problem in problems]


def refuses_unknown(given: ExactJson | Document) -> bool:
    """Whether a *valid* document wants what is surely wrong to be refused."""
    return filled(cast(Mapping[str, ExactJson], given))["program"].get("strictness") == "refuse"
