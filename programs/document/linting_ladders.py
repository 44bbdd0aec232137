"""Which ladders are legal but surely not meant? Warnings about the tier groups of a document, never refusals."""

from collections.abc import Collection, Iterator

from programs.checks import Problem
from programs.document.format import Document, TierGroupSpec
from programs.ladder_checks import WITH_CYCLES

#: How long a day and a month are at the least and at the most, and a year in both.
_SHORTEST = {"day": 1, "month": 28}
_LONGEST = {"day": 1, "month": 31}
_YEAR = {"day": 366, "month": 12}


def tier_groups(document: Document, earned: Collection[str]) -> Iterator[Problem]:
    """Warnings about each tier group; `earned` are the codes of the currencies that active rules give."""
    measured: dict[str, str] = {}
    for place, group in enumerate(document["tier_groups"]):
        found = [*_ladder(group, earned), *_time(group), *_ends(group)]
        for path, code in _criteria(group):
            if code in measured:
                words = f"“{code}” feeds “{measured[code]}” already; the same points count for both"
                found.append(Problem(path, words))
            measured.setdefault(code, group["name"])
        yield from (problem.under(f"tier_groups[{place}]") for problem in found)


def idle_rules(document: Document) -> Iterator[Problem]:
    """Rules that are switched on and give qualifying points of which no tier asks for any."""
    kinds = {spec["code"]: spec["kind"] for spec in document["currencies"]}
    wanted = {code for group in document["tier_groups"] for code in _asked(group)}
    for place, rule in enumerate(document["rules"]):
        if rule["is_active"] and kinds[rule["currency"]] == "qualifying" and rule["currency"] not in wanted:
            yield Problem(f"rules[{place}]", f"feeds no tier: none asks for “{rule['currency']}”")


def _criteria(group: TierGroupSpec) -> Iterator[tuple[str, str]]:
    """(path, code) of each currency that the group counts."""
    if group["currency"]:
        yield "currency", group["currency"]
    for place, code in enumerate(group["further_currencies"]):
        yield f"further_currencies[{place}]", code


def _asked(group: TierGroupSpec) -> Iterator[str]:
    """The currencies of which a tier of the group asks for some."""
    for tier in group["tiers"]:
        if tier["threshold"]:
            yield group["currency"]
        yield from (code for code, wanted in tier["further"].items() if wanted["threshold"])


def _ladder(group: TierGroupSpec, earned: Collection[str]) -> Iterator[Problem]:
    """Of what its tiers ask for, and whether anybody gets it."""
    tiers, is_manual = group["tiers"], group["model"] == "manual"
    if not tiers:
        yield Problem("tiers", "is empty, so nobody can reach anything")
        return
    asked = set(_asked(group))
    for path, code in _criteria(group):
        if code not in earned:
            yield Problem(path, f"no active rule gives “{code}”; nobody can rise by it")
        elif path != "currency" and code not in asked:
            yield Problem(path, f"no tier asks for “{code}”, so it counts for nothing")
    if not is_manual and all(_needs(group, place) == {} for place in range(len(tiers))):
        yield Problem("tiers", "no points reach any of them; set thresholds, or make the ladder manual")
    elif any(code in earned for _, code in _criteria(group)):
        yield from _unreachable(group, earned)
    if group["match"] == "all" and not is_manual:
        yield from _silent(group)
    if _has_ends(group) and not any(_is_free(group, place) for place in range(len(tiers))):
        yield Problem("tiers", "none asks for nothing, so who lost all of them holds none; add a tier from 0 on")


def _unreachable(group: TierGroupSpec, earned: Collection[str]) -> Iterator[Problem]:
    """Tiers that nobody can reach, because of a currency that no active rule gives."""
    for place, tier in enumerate(group["tiers"]):
        needs = {code: need for code, need in _needs(group, place).items() if need}
        missing = sorted(needs.keys() - set(earned))
        blocks = bool(missing) if group["match"] == "all" else bool(needs) and len(missing) == len(needs)
        if blocks and not _is_free(group, place):
            names = ", ".join(f"“{code}”" for code in missing)
            yield Problem(f"tiers[{place}]", f"nobody can reach {tier['name']}: no active rule gives {names}")


def _silent(group: TierGroupSpec) -> Iterator[Problem]:
    """Where all thresholds are asked for: a tier that asks for nothing of a currency of which a lower one does."""
    asked: dict[str, str] = {}
    for place, tier in sorted(enumerate(group["tiers"]), key=lambda one: one[1]["sequence"]):
        needs = _needs(group, place)
        for code in sorted(asked.keys() - needs.keys()):
            words = f"asks for no “{code}”, though {asked[code]} below it does; it is reached without any"
            yield Problem(f"tiers[{place}]", words)
        asked |= {code: tier["name"] for code, need in needs.items() if need}


def _needs(group: TierGroupSpec, place: int) -> dict[str, int]:
    """What reaches a tier, by the codes of the currencies that say something about it."""
    tier = group["tiers"][place]
    needs = {code: wanted["threshold"] for code, wanted in tier["further"].items()} | {
        group["currency"]: tier["threshold"]
    }
    return {code: need for code, need in needs.items() if code and need is not None}


def _is_free(group: TierGroupSpec, place: int) -> bool:
    """Whether every member holds the tier who holds no higher one."""
    if group["model"] == "manual":
        return group["tiers"][place]["threshold"] == 0
    needs = _needs(group, place).values()
    return bool(needs) and (not any(needs) if group["match"] == "all" else 0 in needs)


def _has_ends(group: TierGroupSpec) -> bool:
    """Whether members can lose a tier."""
    return group["model"] == "manual" or (group["validity"] != "none" and group["on_end"] != "never")


def _time(group: TierGroupSpec) -> Iterator[Problem]:
    """Of cycles, validity and grace that do not go together."""
    model, validity, lasts = group["model"], group["validity"], group["on_end"] != "never"
    if validity == "none" and model in (*WITH_CYCLES, "rolling") and lasts:
        counted = "in cycles" if model in WITH_CYCLES else "a trailing window"
        yield Problem(
            "validity", f"a tier is kept for life, though the ladder counts {counted}; say how long it holds"
        )
    if validity == "none" and model in WITH_CYCLES and group["rollover"] and lasts:
        yield Problem("rollover", "opens the next cycle, but nobody has to keep a tier that holds for life")
    if group["grace"] and not _has_ends(group):
        yield Problem("grace", "is never given: no tier ends")
    elif group["grace"] and model != "manual":
        grace, unit = group["grace"], group["grace_unit"]
        if validity == "period" and _is_longer(grace, unit, group["period"], group["period_unit"]):
            yield Problem("grace", "is longer than the validity, so a tier is held longer without keeping it")
        elif validity != "period" and grace > _YEAR[unit]:
            yield Problem("grace", "is longer than the cycle, so a tier is held longer without keeping it")
    window = group["window"]
    looks_back = model == "rolling" and validity == "period" and isinstance(window, int)
    if looks_back and _is_longer(group["period"], group["period_unit"], int(window), group["window_unit"]):
        yield Problem("window", "is shorter than the validity: what was done at its beginning keeps no tier")


def _is_longer(count: int, unit: str, other: int, other_unit: str) -> bool:
    """Whether so many days or months are surely longer than others."""
    return count > other if unit == other_unit else count * _SHORTEST[unit] > other * _LONGEST[other_unit]


def _ends(group: TierGroupSpec) -> Iterator[Problem]:
    """Of settings that change nothing as the others are."""
    if group["on_end"] == "never" and group["validity"] != "none":
        yield Problem("validity", "decides nothing: a tier that never goes down is kept for life")
    if group["model"] == "manual" and group["validity"] != "none":
        yield Problem("validity", "decides nothing: a tier that is granted has dates of its own")
    if group["holds_downgrades"] and not _has_ends(group):
        yield Problem("holds_downgrades", "holds nothing: no tier ends, so nobody is lowered")
    if group["rounding"] != "none" and group["validity"] != "period":
        yield Problem("rounding", "rounds nothing: only the end of a period is rounded")
    if group["grace_to_month_end"] and not group["grace"]:
        yield Problem("grace_to_month_end", "rounds nothing: there is no grace")
    if group["rollover_limit"] is not None and not group["rollover"]:
        yield Problem("rollover_limit", "limits nothing: no surplus opens the next cycle")
    elif group["rollover"] and group["rollover_limit"] == 0:
        yield Problem("rollover_limit", "is 0, so no surplus opens the next cycle; switch rollover off")
