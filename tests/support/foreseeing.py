"""How do tests compare what was foreseen with what a night did?"""

from collections import Counter

from django.db.models import Max, Sum

from loyalty_site.lib import instants
from members.models import Member, Standing
from programs.models import TierGroup
from tests.support.factories import at, member, post_one, purchase
from transactions import ledger
from transactions.models import Entry
from transactions.outlook import tonight
from transactions.outlook.coming import GRACE, POINTS, WAITING


def set_up(made, **fields):
    """Give the one ladder of a program other settings, and its tiers, by their codes, other retentions."""
    kept = fields.pop("retention", {})
    group = TierGroup.objects.get(program=made)
    for name, value in fields.items():
        setattr(group, name, value)
    group.save()
    for code, retention in kept.items():
        tier = group.tiers.get(code=code)
        tier.retention = retention
        tier.save()
    made.refresh_from_db()
    return group


def gold_until_the_end_of_2027(made):
    """Four members who are gold until the last night of 2027; with 0, 400, 700 and 1,000 points of that year."""
    found = [member(made, enrolled_at=at(2024, 3, 3)) for _ in range(4)]
    for who in found:
        post_one(made, purchase(who, 100000, activity_at=at(2026, 6, 1)), now=at(2026, 6, 1))
    night(made, at(2027, 1, 2))
    for who, euros in zip(found[1:], [400, 700, 1000], strict=True):
        post_one(made, purchase(who, euros * 100, activity_at=at(2027, 6, 1)), now=at(2027, 6, 1))
    return found


def night(made, at):
    """What time did to everybody by an instant is booked."""
    keys = Member.objects.filter(program=made).order_by("pk").values_list("pk", flat=True)
    ledger.refresh(made.pk, list(keys), now=at)


def outlook(made, now, day=None):
    return tonight.of(made, day, now=now)


def coming(made, now, day=None):
    return list(outlook(made, now, day).coming())


def of(comings, who, *kinds):
    """What comes for one member, of some kinds only."""
    return [one for one in comings if one.member_id == who.pk and (not kinds or one.kind in kinds)]


def foreseen(comings):
    """What was foreseen, as `happened` tells what happened."""
    comings = list(comings)
    changes = Counter(
        (one.member_id, one.kind, one.group, one.before, one.after, one.until)
        for one in comings
        if one.kind not in (POINTS, GRACE)
    )
    ended = {(one.member_id, one.currency): one.points for one in comings if one.kind == POINTS}
    in_grace = {(one.member_id, one.group, one.before) for one in comings if one.kind == GRACE}
    return changes, ended, in_grace


def happened(made, seen):
    """Let the night of the day come, for everybody; what it did to each: changes of tiers, ended points, grace."""
    last, entry = (model.objects.aggregate(last=Max("pk"))["last"] or 0 for model in (Standing, Entry))
    waited = set(Standing.objects.exclude(waits_from=None).values_list("pk", flat=True))
    graced = set(_in_grace(seen))
    night(made, seen.ends_at)
    changes = Counter(_changes(last, seen.configuration.zone))
    for one in Standing.objects.exclude(waits_from=None).exclude(pk__in=waited).select_related("tier", "proposed"):
        changes[one.member_id, WAITING, one.group.code, _code(one.tier), _code(one.proposed), None] += 1
    ended = Entry.objects.filter(pk__gt=entry, kind="expiry").values_list("member", "currency__code")
    sums = {(member, code): -points for member, code, points in ended.annotate(points=Sum("points")).order_by()}
    in_grace = set(_in_grace(seen)) - graced
    return changes, sums, {(who, group, tier) for who, group, tier, _ in in_grace}


def _in_grace(seen):
    rows = Standing.objects.filter(is_current=True, valid_until__lte=seen.ends_at, due_at__gt=seen.ends_at)
    return rows.values_list("member", "group__code", "tier__code", "pk")


def _changes(last, zone):
    for new in Standing.objects.filter(pk__gt=last).select_related("tier", "group").order_by("pk"):
        rows = Standing.objects.filter(member=new.member, group=new.group, pk__lt=new.pk).order_by("pk")
        before = rows.select_related("tier").last()
        ranks = [one.tier.sequence if one.tier else 0 for one in (before, new)]
        kind = "renewed" if ranks[0] == ranks[1] else "raised" if ranks[0] < ranks[1] else "lowered"
        until = instants.last_day(new.valid_until, zone) if new.valid_until else None
        yield new.member_id, kind, new.group.code, _code(before.tier), _code(new.tier), until


def _code(tier):
    return tier.code if tier else ""
