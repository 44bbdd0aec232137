"""Do the parts of a document fit together? Asked of programs/checks.py, as the models' own `clean` does."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from loyalty_site.lib import money
from programs import cap_checks, checks, dependencies, ladder_checks, rules
from programs.capping import store_of
from programs.checks import Problem, clipped
from programs.dependencies import Other
from programs.document.format import CurrencySpec, Document, RuleSpec, TierGroupSpec
from programs.rules.base import Surroundings
from programs.segments import base as members
from programs.segments import trees


def problems(document: Document) -> Iterator[Problem]:
    """Problems of a filled document whose values are sound each by itself."""
    currencies = {spec["code"]: spec for spec in document["currencies"]}
    yield from _twice("partners", "", document["partners"])
    yield from _twice("currencies", ".code", [spec["code"] for spec in document["currencies"]])
    yield from _twice("tier_groups", ".code", [spec["code"] for spec in document["tier_groups"]])
    yield from _twice("sku_lists", ".code", [spec["code"] for spec in document["sku_lists"]])
    yield from _twice("promotions", ".code", [spec["code"] for spec in document["promotions"]])
    yield from _twice("rules", ".code", [spec["code"] for spec in document["rules"]])
    yield from _twice("caps", ".code", [spec["code"] for spec in document["caps"]])
    yield from _currencies(document["currencies"])
    yield from _tier_groups(document["tier_groups"], currencies)
    yield from _followed(document)
    around, said = surroundings(document), _choices(document["rules"])
    offers = {spec["code"] for spec in document["promotions"]}
    yield from _promotions(document, around)
    others = {spec["code"]: Other.of(spec["kind"], spec["conditions"]) for spec in document["rules"]}
    for place, spec in enumerate(document["rules"]):
        found = [
            *checks.dates(starts_on=spec["starts_on"], ends_on=spec["ends_on"]),
            *_currency_of(spec["currency"], currencies),
            *_promotion_of(spec["promotion"], offers),
            *checks.choice_of_kind(kind=spec["kind"], choice=spec["choice"]),
            *(checks.choice(spec["choice"], said[rules.place(spec)]) if spec["choice"] else ()),
            *checks.references(
                kind=spec["kind"], params=spec["params"], conditions=spec["conditions"], surroundings=around
            ),
            *dependencies.problems(spec["code"], spec["conditions"], others),
        ]
        yield from (problem.under(f"rules[{place}]") for problem in found)
    yield from _caps(document, currencies, offers, around)
    yield from _segments(document)
    terms = document["program"]
    is_strict = terms.get("strictness") == "refuse" and terms["status"] == "active"
    if is_strict and not any(spec["is_active"] for spec in document["rules"]):
        yield Problem("rules", "a strict program is active only with a rule that is switched on; make it a draft")


def _promotions(document: Document, around: Surroundings) -> Iterator[Problem]:
    for place, spec in enumerate(document["promotions"]):
        found = [
            *checks.dates(starts_on=spec["starts_on"], ends_on=spec["ends_on"]),
            *checks.named(spec["conditions"], around),
        ]
        yield from (problem.under(f"promotions[{place}]") for problem in found)


def _promotion_of(code: str, offers: Collection[str]) -> Iterator[Problem]:
    if code and code not in offers:
        yield Problem("promotion", f"the document has no promotion “{clipped(code)}”")


def _choices(specs: Iterable[RuleSpec]) -> Mapping[tuple[str, str], list[tuple[str, str]]]:
    """{(currency, group): (code, choice) of the rule that says first what counts of the group}."""
    said: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for spec in specs:
        if spec["choice"]:
            said.setdefault(rules.place(spec), [(spec["code"], spec["choice"])])
    return said


def _caps(
    document: Document, currencies: Mapping[str, CurrencySpec], offers: Collection[str], around: Surroundings
) -> Iterator[Problem]:
    program = document["program"]
    rules = {spec["code"]: spec for spec in document["rules"]}
    for place, spec in enumerate(document["caps"]):
        found = list(_currency_of(spec["currency"], currencies))
        if not found:
            currency = currencies[spec["currency"]]
            found += checks.cap(
                scope=spec["scope"],
                period=spec["period"],
                measure=spec["measure"],
                limit=spec["limit"],
                cost=Decimal(currency["cost_per_point"]),
                decimals=currency["decimals"],
                major=10 ** money.exponent(program["money"]),
            )
        if spec["rule"] and spec["rule"] not in rules:
            found.append(Problem("rule", f"the document has no rule “{clipped(spec['rule'])}”"))
        elif spec["rule"]:
            own = rules[spec["rule"]]
            is_own = own["currency"] == spec["currency"]
            wrong = cap_checks.of_rule(kind=own["kind"], measure=spec["measure"], is_of_currency=is_own)
            found += [_named(spec["rule"], one) for one in wrong]
        found += _promotion_of(spec["promotion"], offers)
        found += checks.about(rule=bool(spec["rule"]), promotion=bool(spec["promotion"]))
        store = store_of(spec["store"], program["owner"])
        if store and store[0] not in around.partners:
            found.append(Problem("store", f"no partner “{clipped(store[0])}” takes part in the program"))
        yield from (problem.under(f"caps[{place}]") for problem in found)


def _named(rule: str, problem: Problem) -> Problem:
    """The problem of a cap with its rule, where it is about that."""
    return Problem("rule", f"“{rule}” {problem.message}") if problem.path == "rule" else problem


def _segments(document: Document) -> Iterator[Problem]:
    specs = document["segments"]
    yield from _twice("segments", ".code", [spec["code"] for spec in specs])
    around = _of_segments(document)
    named = {spec["code"]: trees.depends_on(spec["conditions"]) for spec in specs}
    for group in document["tier_groups"]:
        named[trees.ladder(group["code"])] = {tier["segment"] for tier in group["tiers"] if tier["segment"]}
    for place, spec in enumerate(specs):
        unmet = [problem.under("conditions") for problem in trees.unmet(spec["conditions"], around)]
        found = [*unmet, *trees.circular(spec["code"], named)]
        yield from (problem.under(f"segments[{place}]") for problem in found)


def _followed(document: Document) -> Iterator[Problem]:
    """That the segments which tiers follow are there."""
    known = {spec["code"] for spec in document["segments"]}
    for place, group in enumerate(document["tier_groups"]):
        for step, tier in enumerate(group["tiers"]):
            if tier["segment"] and tier["segment"] not in known:
                words = f"the document has no segment “{clipped(tier['segment'])}”"
                yield Problem(f"tier_groups[{place}].tiers[{step}].segment", words)


def _of_segments(document: Document) -> members.Surroundings:
    """What the segments of this document may name."""
    program, groups = document["program"], document["tier_groups"]
    return members.Surroundings(
        money=program["money"],
        currencies={spec["code"]: spec["name"] for spec in document["currencies"]},
        tier_groups={group["code"]: {tier["code"]: tier["name"] for tier in group["tiers"]} for group in groups},
        group_names={group["code"]: group["name"] for group in groups},
        segments={spec["code"]: spec["name"] for spec in document["segments"]},
        promotions={spec["code"]: spec["name"] for spec in document.get("promotions", ())},
        owner=program["owner"],
        partners=frozenset([program["owner"], *document["partners"]]),
    )


def surroundings(document: Document) -> Surroundings:
    """What the rules of this document may refer to."""
    return Surroundings(
        partners=frozenset([document["program"]["owner"], *document["partners"]]),
        tier_groups={
            group["code"]: frozenset(tier["code"] for tier in group["tiers"]) for group in document["tier_groups"]
        },
        segments=frozenset(one["code"] for one in document.get("segments", ())),
        sku_lists=frozenset(one["code"] for one in document.get("sku_lists", ())),
    )


def _twice(path: str, tail: str, values: Iterable[Hashable]) -> Iterator[Problem]:
    first: dict[Hashable, int] = {}
    for place, value in enumerate(values):
        if first.setdefault(value, place) != place:
            yield Problem(f"{path}[{place}]{tail}", f"“{value}” stands already at {path}[{first[value]}]")


def _currencies(specs: Sequence[CurrencySpec]) -> Iterator[Problem]:
    primaries = [place for place, spec in enumerate(specs) if spec["is_primary"]]
    for place in primaries[1:]:
        yield Problem(
            f"currencies[{place}].is_primary", f"currencies[{primaries[0]}] is the primary one; there can be only one"
        )
    for place, spec in enumerate(specs):
        found = list(checks.primary(kind=spec["kind"], is_primary=spec["is_primary"]))
        rule = spec["expiry"]
        if rule:
            wrong = checks.expiry(
                model=rule["model"], period=rule["period"], unit=rule["unit"], cut_offs=rule["cut_offs"]
            )
            found += [problem.under("expiry") for problem in wrong]
        yield from (problem.under(f"currencies[{place}]") for problem in found)


def _tier_groups(groups: Sequence[TierGroupSpec], currencies: Mapping[str, CurrencySpec]) -> Iterator[Problem]:
    for place, group in enumerate(groups):
        found = [*_measured(group, currencies), *_ladder(group)]
        yield from (problem.under(f"tier_groups[{place}]") for problem in found)


def _measured(group: TierGroupSpec, currencies: Mapping[str, CurrencySpec]) -> Iterator[Problem]:
    """Of what the ladder counts, and how."""
    code, further = group["currency"], group["further_currencies"]
    yield from ladder_checks.group(
        model=group["model"], counts=bool(code), validity=group["validity"], rollover=group["rollover"]
    )
    if code and code not in currencies:
        yield Problem("currency", f"the document has no currency “{clipped(code)}”")
    elif code and currencies[code]["kind"] != "qualifying":
        yield Problem("currency", checks.TIER_CURRENCY)
    kinds = {one: spec["kind"] for one, spec in currencies.items()}
    yield from _twice("further_currencies", "", further)
    yield from ladder_checks.further(code, further, kinds, model=group["model"])


def _ladder(group: TierGroupSpec) -> Iterator[Problem]:
    tiers = group["tiers"]
    yield from _twice("tiers", ".code", [tier["code"] for tier in tiers])
    yield from _twice("tiers", ".sequence", [tier["sequence"] for tier in tiers])
    steps = [
        ladder_checks.Step(
            tier["sequence"],
            tier["name"],
            tier["threshold"],
            tier["retention"],
            tier["further"],
            f"tiers[{step}]",
            tier["segment"],
        )
        for step, tier in enumerate(tiers)
    ]
    counting = ladder_checks.Counting(
        is_manual=group["model"] == "manual",
        needs_all=group["match"] == "all",
        further=dict.fromkeys(group["further_currencies"], str),
    )
    yield from ladder_checks.ladder(steps, counting)
    for step, tier in enumerate(tiers):
        yield from _twice(f"tiers[{step}].benefits", ".code", [benefit["code"] for benefit in tier["benefits"]])
        for place, benefit in enumerate(tier["benefits"]):
            wrong = checks.dates(starts_on=benefit["starts_on"], ends_on=benefit["ends_on"])
            yield from (problem.under(f"tiers[{step}].benefits[{place}]") for problem in wrong)


def _currency_of(code: str, currencies: Mapping[str, CurrencySpec]) -> Iterator[Problem]:
    if code not in currencies:
        yield Problem("currency", f"the document has no currency “{code}”")
