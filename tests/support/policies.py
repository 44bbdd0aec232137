"""What do tests of changes of policy need? Members of a ladder, edits of it, and the jobs that follow."""

from programs import versions
from tests.support import factories
from tests.support.factories import at
from tests.support.ladders import earn, ladder, noon
from transactions.policies import previewing, requests, thresholds


def people(user_model):
    """(who asks, who agrees), both superusers."""
    return tuple(user_model.objects.create_superuser(name, password="x") for name in ("asker", "approver"))


def member(made, points, year=2026, month=3):
    who = factories.member(made, enrolled_at=at(2024, 1, 10))
    if points:
        earn(made, who, points, noon(made, year, month, 1))
    return who


def edit(made, silver, gold, *, since=None, **settings):
    """Give the ladder other thresholds, at an instant if one is said: all versions before it are of long ago."""
    group = ladder(made, tiers={"silver": {"threshold": silver}, "gold": {"threshold": gold} | settings})
    if since:
        number = versions.renew(made.pk).version
        made.versions.exclude(number=number).update(since=at(2020, 1, 1))
        made.versions.filter(number=number).update(since=since)
        versions.forget()
    return group


def raise_now(group, now, reason="Gold for more of you"):
    return thresholds.KIND.advance(thresholds.start(group, now, reason=reason), now=now)


def evaluate(group, now, asker, approver, reason="Gold is rare"):
    asked = requests.request(group, previewing.preview(group, "full", now), reason=reason, user=asker, now=now)
    return thresholds.KIND.advance(requests.approve(asked.pk, approver, now=now).job, now=now)
