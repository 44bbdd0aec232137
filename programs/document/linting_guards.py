"""Which rules of a document give again each time something is reported that happens to a member only once?"""

from collections.abc import Iterator

from programs import rules, triggers
from programs.checks import Problem
from programs.document.format import Document


def unlimited(document: Document) -> Iterator[Problem]:
    """Rules about a registration, an app or a profile without a limit of how often each member gets it."""
    limited = {
        cap["rule"]
        for cap in document.get("caps", ())
        if cap["is_active"] and triggers.guards(cap["scope"], cap["measure"])
    }
    for place, spec in enumerate(document["rules"]):
        if not spec["is_active"] or spec["code"] in limited:
            continue
        made = rules.made(spec["kind"], spec["params"])
        for trigger in triggers.known(made.activities or ()) if made and made.phase == "base" else ():
            if trigger.guard and trigger.guard.period == "ever":
                why = f"gives each time that “{trigger.name}” is reported; usual is {trigger.guard.words}"
                yield Problem(f"rules[{place}]", f"{why}: a cap of this rule with measure uses and period ever")
