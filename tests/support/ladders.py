"""What do tests of tiers need? Ladders of any model, facts of any day, and who holds what when."""

from datetime import datetime, timedelta

from members.models import Standing
from programs import periods
from programs.models import Benefit, Currency, Tier
from tests.support import factories
from tests.support.factories import post_one, purchase
from transactions import ledger
from transactions.tiers import night as tiers_by_night


def ladder(made, *, tiers=None, **settings):
    """The ladder of `factories.program` (base, silver 500, gold 1,000), set up otherwise.

    `tiers` maps codes to settings of tiers.
    """
    group = made.tier_groups.get(code="main")
    for name, value in settings.items():
        setattr(group, name, value)
    group.full_clean()
    group.save()
    for code, values in (tiers or {}).items():
        tier = group.tiers.get(code=code)
        for name, value in values.items():
            setattr(tier, name, value)
        tier.save()
    made.refresh_from_db()
    return group


def second_currency(made, group, code="segments", thresholds=None):
    """A further currency that counts; `thresholds` maps tiers to (threshold, retention)."""
    currency = Currency.objects.create(program=made, code=code, name=code.title(), kind="qualifying")
    factories.rule(made, code, "per_visit", {"points": "1", "counts": "visit"}, currency=currency)
    group.further_currencies.add(currency)
    for tier, (reach, keep) in (thresholds or {}).items():
        row = group.tiers.get(code=tier)
        row.further = {code: {"threshold": reach, "retention": keep}}
        row.save()
    type(made).touch(made.pk)
    made.refresh_from_db()
    return currency


def noon(made, year, month, day, hour=12):
    """An instant of a local day."""
    return datetime(year, month, day, hour, tzinfo=made.zone)


def midnight(made, year, month, day):
    """The first instant of a local day."""
    return periods.start_of_day(datetime(year, month, day).date(), made.zone)


def earn(made, who, points, at, *, now=None, **fields):
    """Post a purchase that gives so many status points; known when it happened unless `now` is another instant."""
    return post_one(made, purchase(who, points * 100, activity_at=at, **fields), now=now or at)


def settle(who, now):
    """Read as anybody would: what is due is settled first."""
    ledger.refresh(who.program_id, [who.pk], now=now)


def tier(who, now=None, group="main"):
    """The code of the tier that is held, at an instant if one is said; None for none."""
    if now:
        settle(who, now)
    row = who.standings.current().filter(group__code=group).first()
    return row.tier.code if row and row.tier else None


def standing(who, group="main"):
    """The current Standing."""
    return who.standings.current().get(group__code=group)


def through(who, group="main"):
    """The last local day of the current standing; None for life."""
    until = standing(who, group).valid_until
    return until and (until - timedelta(seconds=1)).astimezone(who.program.zone).date().isoformat()


def story(who, group="main"):
    """[(tier, reason)] of all standings that count, in their order."""
    rows = Standing.objects.told().filter(member=who, group__code=group).order_by("from_at", "pk")
    return [(row.tier.code if row.tier else None, row.reason) for row in rows]


def benefit(made, tier_code, code, **fields):
    """A benefit of a tier of the main ladder."""
    of = Tier.objects.get(group__program=made, group__code="main", code=tier_code)
    return Benefit.objects.create(tier=of, code=code, **({"name": code.title()} | fields))


def night(made, now):
    """The step of the night that keeps tiers; returns its counts."""
    keys = tiers_by_night.plan(made.pk, now=now)
    return tiers_by_night.work(made.pk, keys, now=now) if keys else {}
