"""Which promotions of a document are legal but surely not meant? Warnings, never refusals."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction

from loyalty_site.lib import instants
from loyalty_site.lib.json_types import ExactJson
from programs import rules
from programs.checks import Problem
from programs.document.format import CapSpec, Document, PromotionSpec, RuleSpec
from programs.rules.conditions import reading
from programs.rules.conditions.times import Dates
from programs.rules.per_amount import PerAmount
from programs.written import day_of, is_day_of_year

#: What promotions give back together of a sale is surely a mistake above so many percent of it.
LARGEST_SHARE = 50


def promotions(document: Document, today: date) -> Iterator[Problem]:
    """Warnings about the promotions that are switched on; `today` is the day on which they are read."""
    for place, offer in enumerate(document["promotions"]):
        if not offer["is_active"]:
            continue
        own = [spec for spec in document["rules"] if spec["promotion"] == offer["code"] and spec["is_active"]]
        limits = [spec for spec in document["caps"] if spec["promotion"] == offer["code"] and spec["is_active"]]
        found = [
            *_what_it_gives(offer, own, limits),
            *_when(offer, today),
            *_holdout(offer),
            *_codes(offer),
        ]
        yield from (problem.under(f"promotions[{place}]") for problem in found)
    yield from _rules(document)
    yield from _together(document, today)


def _what_it_gives(offer: PromotionSpec, own: Sequence[RuleSpec], limits: Sequence[CapSpec]) -> Iterator[Problem]:
    if not own:
        yield Problem("code", f"gives nothing: no rule that is switched on names the promotion “{offer['code']}”")
    has_budget = any(spec["scope"] == "program" for spec in limits)
    if own and offer["ends_on"] is None and not has_budget:
        yield Problem("ends_on", "never ends and has no budget; give it a last day, or a cap of all members together")


def _when(offer: PromotionSpec, today: date) -> Iterator[Problem]:
    last = day_of(offer["ends_on"])
    if last and last < today:
        yield Problem("ends_on", f"ended on {instants.full_day(last)}; switch it off, or give it a later day")
    yield from (problem.under("conditions") for problem in _never(offer["conditions"], [offer]))


def _holdout(offer: PromotionSpec) -> Iterator[Problem]:
    if offer["holdout_percent"] and offer["starts_on"] is None:
        why = "leaves members out, but without a first day nothing is measured; say starts_on"
        yield Problem("holdout_percent", why)
    elif offer["holdout_percent"] and offer["ends_on"] is None:
        yield Problem("holdout_percent", "leaves members out for good: it has no last day; say ends_on")


def _codes(offer: PromotionSpec) -> Iterator[Problem]:
    if offer["uses_per_code"] and any(one.key == "codes" for one in reading.written(offer["conditions"])):
        why = "asks for a code of its own list, and its conditions for another; a purchase has one code"
        yield Problem("uses_per_code", why)


def _rules(document: Document) -> Iterator[Problem]:
    """Rules that never hold when their promotion does."""
    offers = {offer["code"]: offer for offer in document["promotions"] if offer["is_active"]}
    for place, spec in enumerate(document["rules"]):
        offer = offers.get(spec["promotion"])
        if offer is None or not spec["is_active"]:
            continue
        span = _span([offer, spec])
        if span[0] > span[1]:
            why = f"never holds: its days lie outside those of the promotion “{offer['code']}”"
            yield Problem(f"rules[{place}]", why)
        else:
            both = [*_never(spec["conditions"], [offer, spec]), *_apart(spec, offer)]
            yield from (problem.under(f"rules[{place}].conditions") for problem in both)


def _never(conditions: ExactJson, within: Sequence[PromotionSpec | RuleSpec]) -> Iterator[Problem]:
    """Spans of days that are needed, and lie outside the days of all of these."""
    first, last = _span(within)
    for one in reading.written(conditions):
        spans = Dates(one.value).spans if one.is_needed and one.key == Dates.key else ()
        if spans and all(_is_outside(span, first, last) for span in spans):
            yield Problem(one.path, "never hold: none of these days lies within its own first and last day")


def _is_outside(span: tuple[str, str], first: date, last: date) -> bool:
    """Whether a span of days of some year lies outside these days; those of every year come round again."""
    return not is_day_of_year(span[0]) and (span[1] < first.isoformat() or last.isoformat() < span[0])


def _apart(spec: RuleSpec, offer: PromotionSpec) -> Iterator[Problem]:
    """Where a rule and its promotion both ask for one of a list, and no value is in both."""
    theirs = {one.key: one.value for one in reading.written(offer["conditions"]) if one.is_needed}
    for one in reading.written(spec["conditions"]):
        other = theirs.get(one.key)
        if not one.is_needed or one.key not in _OF_ONE or not isinstance(other, list):
            continue
        if isinstance(one.value, list) and not _texts(one.value) & _texts(other):
            yield Problem(one.path, f"never holds: the promotion “{offer['code']}” asks for others")


#: Of what a purchase has one only, so that two lists without a common value exclude each other.
_OF_ONE = ("channels", "codes", "weekdays", "partners")


def _texts(values: Iterable[object]) -> set[str]:
    return {str(value).casefold() for value in values}


def _together(document: Document, today: date) -> Iterator[Problem]:
    """What promotions that run at once give back of each sale, by what their points cost."""
    costs = {spec["code"]: Fraction(str(spec["cost_per_point"])) for spec in document["currencies"]}
    running = {offer["code"]: offer for offer in document["promotions"] if offer["is_active"]}
    shares = {
        spec["code"]: _share(spec) * costs[spec["currency"]]
        for spec in document["rules"]
        if spec["is_active"] and spec["promotion"] in running and spec["kind"] == PerAmount.slug
    }
    giving = (spec for spec in document["rules"] if spec["code"] in shares)
    spans = {spec["code"]: _span([running[spec["promotion"]], spec]) for spec in giving}
    most, names = Fraction(0), list[str]()
    for day in sorted({max(first, today) for first, _ in spans.values()}):
        together = [code for code, (first, last) in spans.items() if first <= day <= last]
        sum_of = sum((shares[code] for code in together), Fraction(0))
        if sum_of > most:
            most, names = sum_of, together
    if most * 100 > LARGEST_SHARE:
        listed = ", ".join(f"“{code}”" for code in names)
        yield Problem("promotions", f"give back {float(most * 100):.0f} % of a sale together, by the rules {listed}")


def _share(spec: RuleSpec) -> Fraction:
    """Points for each unit of money."""
    made = rules.made(spec["kind"], spec["params"])
    return made.rates.usual / made.step if isinstance(made, PerAmount) else Fraction()


def _span(parts: Sequence[PromotionSpec | RuleSpec]) -> tuple[date, date]:
    """The first and the last day on which all of these run."""
    first = max((day_of(part["starts_on"]) or date.min for part in parts), default=date.min)
    return first, min((day_of(part["ends_on"]) or date.max for part in parts), default=date.max)
