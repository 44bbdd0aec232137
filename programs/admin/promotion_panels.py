"""What does the page of a promotion say of it: in words, what it gives, its limits, its codes?"""

from collections.abc import Iterator

from django.db.models import Count, Q
from django.utils import timezone

from loyalty_site.lib.panels import Cards, Panel, Sentences, Table, link_to, moment
from programs import checks, document, promotion_states
from programs.admin import cap_use
from programs.admin.wording import describe
from programs.models import Cap, Promotion, PromotionCode
from programs.promotions import gates
from programs.rules import sentences


def panels(promotion: Promotion) -> list[Panel]:
    """All of them; limits stand first, as cards with bars."""
    now = timezone.now()
    rules = promotion.rules.select_related("currency", "program").order_by("priority", "code")
    caps = Cap.objects.filter(Q(promotion=promotion) | Q(rule__promotion=promotion))
    limits = caps.select_related("currency", "program", "rule", "store", "promotion").order_by("code")
    cards = [cap_use.card(cap, now) for cap in limits]
    gives = Table(
        "What it gives",
        ["Rule", "In words", "Switched on"],
        [[link_to(rule, rule.name), describe(rule), "yes" if rule.is_active else "no"] for rule in rules],
        empty="Nothing yet: add what it gives.",
    )
    said = [*_about(promotion), *([] if cards else ["It has no limit: add one, for example a budget."])]
    doubts = [checks.sentence_of(problem.message) for problem in promotion.unknown()]
    to_look_at = [Sentences("To look at", doubts)] if doubts else []
    return [*([Cards(cards)] if cards else []), Sentences("In words", said), gives, *_codes(promotion), *to_look_at]


def _about(promotion: Promotion) -> Iterator[str]:
    """What the promotion is, in sentences."""
    state = promotion_states.state(promotion, timezone.now())
    yield f"{promotion_states.WORDS[state]}. It runs: {promotion_states.days(promotion)}."
    if state == promotion_states.STOPPED:
        at = moment(promotion.stopped_from, promotion.program.zone)
        yield f"It was stopped: what happens from {at} on gives nothing by it, whenever it is reported."
    said = [gate.says() for gate in gates(document.spec_of_promotion(promotion))]
    whose = ", ".join(part for part in (*said, sentences.of_conditions(promotion.conditions)) if part)
    yield f"Only {whose}." if whose else "For everybody, on everything."
    if promotion.uses.exists():
        yield "It has given something, so it cannot be deleted: switch it off instead."


def _codes(promotion: Promotion) -> list[Panel]:
    """How many codes it has."""
    found = PromotionCode.objects.filter(promotion=promotion).aggregate(
        all=Count("pk"), used=Count("pk", Q(used__gt=0))
    )
    most = promotion.uses_per_code
    if not found["all"] and not most:
        return []
    said = [f"{found['all']:,} codes, of which {found['used']:,} were used."]
    if not most:
        said.append("Nobody is asked for one: say in “Codes of its own” how often each may be used.")
    elif not found["all"]:
        said.append("It asks for a code and has none, so it gives nothing: add codes.")
    else:
        said.append(f"Each may be used {'once' if most == 1 else f'{most:,} times'}.")
    return [Sentences("Codes", said)]
