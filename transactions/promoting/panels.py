"""What does the page of a promotion say of those who were left out, and of what it costs?"""

from collections.abc import Iterator
from decimal import Decimal

from loyalty_site.lib import money
from loyalty_site.lib.panels import Panel, Sentences, Table, Tile, Tiles, amount, moment, points
from programs.models import Promotion
from transactions.models import PromotionResult
from transactions.promoting import costs, holdouts
from transactions.promoting.comparing import LEAST_BUYERS, LEAST_MEMBERS, Arm, Comparison

_TITLE = "Members who could have it beside those who were left out"


def holdout(promotion: Promotion) -> list[Panel]:
    """What was measured last, as a table and as sentences; nothing where nobody is or was left out."""
    result = PromotionResult.objects.filter(promotion=promotion).first()
    if result is None:
        words = ["It was not measured yet: the night does it, or “Measure now”."]
        return [Sentences(_TITLE, words)] if promotion.holdout_percent else []
    found, iso = holdouts.comparison(result), promotion.program.money
    rows = [_row("Could have it", found.have, iso), _row("Left out", found.out, iso)]
    headers = ["", "Members", "Bought", "Bought, of all", "Spent by each", "Spent by all"]
    zone = promotion.program.zone
    since, until, as_of = (moment(at, zone) for at in (result.since, result.until, result.as_of))
    when = f"From {since} until {until}; measured {as_of}."
    said = [sentence(found, iso), *_further(found, iso), when]
    if result.holdout_percent != promotion.holdout_percent:
        now = f"now it is {promotion.holdout_percent} %: measure it anew"
        said.append(f"{result.holdout_percent} % were left out when it was measured; {now}.")
    return [Table(_TITLE, headers, rows), Sentences("What it brings", said)]


def sentence(found: Comparison, iso: str) -> str:
    """The difference in one sentence, or why there is nothing to tell."""
    if not found.is_enough:
        return (
            f"Too few to tell: it takes {LEAST_MEMBERS} members in each group, and {LEAST_BUYERS} who bought in both "
            "together."
        )
    low, high = (amount(round(end), iso) for end in found.interval)
    way = "more" if found.difference >= 0 else "less"
    by = f"{amount(abs(round(found.difference)), iso)} {way} (95 %: {low} to {high})"
    if not found.interval.is_clear:
        return f"Too little to tell from chance: members who could have it spent {by} than those who were left out."
    return f"Members who could have it spent {by}{_lift(found, way)} than those who were left out."


def _lift(found: Comparison, way: str) -> str:
    if found.lift is None:
        return ""
    ends = found.lift_interval
    sure = f" (95 %: {_percent(ends.low)} to {_percent(ends.high)})" if ends else ""
    return f", {_percent(abs(found.lift))} {way}{sure}"


def _further(found: Comparison, iso: str) -> Iterator[str]:
    if found.is_enough and found.interval.is_clear:
        whole = amount(abs(round(found.brought)), iso)
        yield f"All who could have it spent {whole} {'more' if found.brought >= 0 else 'less'} by it together."


def _row(label: str, arm: Arm, iso: str) -> list[str]:
    share = f"{arm.share:.1f} %" if arm.members else "-"
    spent = amount(round(arm.mean), iso) if arm.members else "-"
    return [label, f"{arm.members:,}", f"{arm.buyers:,}", share, spent, amount(arm.spend, iso)]


def _percent(value: float) -> str:
    return f"{value:.1f} %"


def cost(promotion: Promotion) -> list[Panel]:
    """What it gave and what that costs until now, as tiles; one statement."""
    found, iso = costs.of(promotion), promotion.program.money
    given = [
        Tile(f"{one.name} given", points(one.left, one), [f"{points(one.taken_back, one)} more were taken back"])
        for one in found.points
    ]
    off = [Tile("Money off", amount(found.discount, iso))] if found.discount else []
    return [
        Tiles(
            [
                Tile("Uses", f"{found.uses:,}", ["transactions that got something"]),
                Tile("Members", f"{found.members:,}", ["who got something"]),
                *given,
                *off,
                Tile("Cost", _money(found.total, iso), ["points times their cost, and money off"]),
            ]
        )
    ]


def _money(value: Decimal, iso: str) -> str:
    return amount(round(value.scaleb(money.exponent(iso))), iso)
