"""How do tests let many members live on ladders of every model at once?"""

from datetime import timedelta
from random import Random

from members.enrolment import enrol_many
from members.models import Customer, MemberBenefit, Standing, Tally
from partners.tier_setting import TierSetting
from programs.models import Benefit, Tier, TierGroup
from tests.support import factories
from tests.support.factories import post, purchase

#: Ladders by their codes; each tries another way in which time changes tiers.
LADDERS = {
    "cycle": {"model": "calendar", "validity": "rest_of_cycle", "grace": 1, "rollover": True, "rollover_limit": 900},
    "next": {"model": "calendar", "cycle_start": "04-16", "validity": "rest_of_cycle_plus_next"},
    "down": {"model": "anniversary", "validity": "rest_of_cycle", "on_end": "one_level", "grace": 20,
             "grace_unit": "day"},
    "rolling": {"model": "rolling", "validity": "period", "period": 6, "rounding": "month"},
    "days": {"model": "rolling", "window": 90, "window_unit": "day", "validity": "period", "period": 3,
             "on_end": "to_base"},
    "life": {"model": "lifetime", "validity": "period", "period": 9},
    "asks": {"model": "calendar", "validity": "rest_of_cycle", "holds_downgrades": True},
    "paid": {"model": "manual", "currency": None},
}  # fmt: skip


def program(**fields):
    """A program whose qualifying points feed all LADDERS: base, silver from 300, gold from 800, kept with 500."""
    made = factories.program(max_backdate_days=900, **fields)
    status = made.currencies.get(code="status")
    made.tier_groups.all().delete()
    for code, settings in LADDERS.items():
        group = TierGroup.objects.create(
            program=made, **({"code": code, "name": code, "currency": status} | settings)
        )
        reached = (0, 300, 800) if settings["model"] != "manual" else (0, None, None)
        for place, (tier, threshold) in enumerate(zip(("base", "silver", "gold"), reached, strict=True), start=1):
            row = Tier.objects.create(group=group, code=tier, name=tier, sequence=place, threshold=threshold)
            Benefit.objects.create(tier=row, code=f"{tier}-gift", name=f"A gift for {tier}")
            if threshold == 800:
                Tier.objects.filter(pk=row.pk).update(retention=500)
    type(made).touch(made.pk)
    made.refresh_from_db()
    return made


def members(made, count, *, since):
    """Members who enrolled on as many days from `since` on, a week apart, then from the first one on again."""
    people = {f"c-{n}": Customer(last_name=f"n{n}", email=f"n{n}@example.com") for n in range(count)}
    enrolled_at = {f"c-{n}": since + timedelta(days=7 * (n % 40)) for n in range(count)}
    made_now = enrol_many(made, people, channel="import", via=factories.till(made), enrolled_at=enrolled_at)
    return [*made_now.values()]


def live(made, whose, seed, *, since, months):
    """Let each member buy at random, month by month; some buy nothing for long, some are set a tier, some locked."""
    random = Random(seed)
    ends = since + timedelta(days=30 * months)
    for month in range(months):
        at = since + timedelta(days=30 * month + random.randint(0, 20))
        buying = [who for who in whose if random.random() < 0.25]
        post(made, *[purchase(who, 100 * random.randint(20, 700), activity_at=at) for who in buying], now=at)
        if month == months // 2:
            post(made, *_set_by_hand(whose, random, ends), now=at)


def _set_by_hand(whose, random, ends):
    """Locks of tiers that are held, and memberships that were bought."""
    for who in whose[::3]:
        held = Standing.objects.current().filter(member=who).exclude(tier=None).order_by("pk")[random.randint(0, 6)]
        until = ends + timedelta(days=random.randint(1, 60))
        yield _setting(who, held.tier, "goodwill", locked_until=until)
    for who in whose[::5]:
        gold = Tier.objects.get(group__program=who.program, group__code="paid", code="gold")
        yield _setting(who, gold, "purchase", until=ends + timedelta(days=random.randint(1, 100)))


def _setting(who, tier, reason_type, **ends):
    return TierSetting(
        external_id=f"{reason_type}-{who.pk}",
        member={"number": who.number},
        tier=tier.code,
        tier_group=tier.group.code,
        reason_type=reason_type,
        reason="For a test",
        **ends,
    )


STANDING = (
    "member group__code tier__code since_at from_at valid_until until_at due_at locked_until waits_from "
    "proposed__code reason note counted cycle caused_by is_current"
).split()


def tiers_of(whose):
    """All that is stored of the tiers of these members, but for keys and for when it was written."""
    rows = Standing.objects.filter(member__in=whose)
    superseded = sorted(rows.exclude(superseded_at=None).values_list("member", "group__code", "from_at"))
    counted = "member group__code currency__code period points carried".split()
    given = "member group__code benefit__code benefit__tier__code assigned_at withdrawn_at".split()
    return {
        "standings": sorted(map(repr, rows.values_list(*STANDING))),
        "superseded": superseded,
        "tallies": sorted(Tally.objects.filter(member__in=whose).values_list(*counted)),
        "benefits": sorted(map(repr, MemberBenefit.objects.filter(member__in=whose).values_list(*given))),
    }
