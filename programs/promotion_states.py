"""How does it stand with a promotion today: does it run, is it still to come, or over?"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet

from programs.models import Promotion, Rule
from programs.running import Span, State

OFF: Final = "off"
STOPPED: Final = "stopped"
DRAFT: Final = "draft"
ENDED, UPCOMING, RUNNING = State.ENDED.value, State.UPCOMING.value, State.RUNNING.value

#: In words; the first that is true is said.
WORDS = {
    OFF: "Off",
    STOPPED: "Stopped",
    ENDED: "Ended",
    DRAFT: "Draft: gives nothing yet",
    UPCOMING: "Upcoming",
    RUNNING: "Running",
}


def state(promotion: Promotion, now: datetime) -> str:
    """One of WORDS, on the clock of the program. Asks for the program, and for rules but after `with_gifts`."""
    if not promotion.is_active:
        return OFF
    if promotion.stopped_from and promotion.stopped_from <= now:
        return STOPPED
    span = Span(promotion.starts_on, promotion.ends_on, None).state(now, promotion.program.zone)
    if span != State.ENDED and not _gives(promotion):
        return DRAFT
    return span.value


def _gives(promotion: Promotion) -> bool:
    known: bool | None = getattr(promotion, "gives", None)
    return promotion.rules.filter(is_active=True).exists() if known is None else known


def giving() -> Exists:
    """Whether a promotion gives anything: of a row of promotions, for the database to say."""
    return Exists(Rule.objects.filter(promotion=OuterRef("pk"), is_active=True))


def with_gifts(promotions: QuerySet[Promotion]) -> QuerySet[Promotion]:
    """The same with what `state` asks for, for many of them."""
    return promotions.select_related("program").annotate(gives=giving())


def note_gifts(promotions: Iterable[Promotion], rules: Iterable[Rule]) -> None:
    """The same for promotions whose rules were read along: these."""
    giving = {rule.promotion_id for rule in rules if rule.is_active}
    for promotion in promotions:
        promotion.gives = promotion.pk in giving  # type: ignore[attr-defined]  # as `with_gifts` has it


def days(promotion: Promotion) -> str:
    """When it runs, e.g. "from 2026-03-01 to 2026-03-31"."""
    first, last = promotion.starts_on, promotion.ends_on
    if first and last:
        return f"{first} to {last}"
    return f"from {first}" if first else f"to {last}" if last else "always"
