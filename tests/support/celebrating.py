"""How do tests let birthdays and anniversaries come?"""

from collections import Counter
from datetime import timedelta

from loyalty_site.night.shared import cut
from members.models import Customer
from programs.periods import start_of_day
from tests.support import factories
from transactions.models import Journal
from transactions.occasions import giving

LONG_AGO = factories.at(2020, 6, 15)


def gift(made, code="gift", **params):
    """A rule that gives 100 points on the birthday, in a group of its own."""
    fields = {name: params.pop(name) for name in ("group", "conditions", "currency") if name in params}
    params = {"occasion": "birthday", "points": "100"} | params
    return factories.rule(made, code, "occasion", params, **({"group": code} | fields))


def born(made, birthday, *, enrolled_at=LONG_AGO, since=LONG_AGO, **fields):
    """A member whose birthday (MM-DD) is on file since then."""
    who = factories.member(made, birthday=birthday, enrolled_at=enrolled_at, **fields)
    Customer.objects.filter(pk=who.customer_id).update(birthday_set_at=since)
    who.customer.refresh_from_db()
    return who


def celebrate(made, day, *, now=None):
    """The counts of what the night does about the local `day`, two hours after it has begun."""
    now = now or start_of_day(day, made.zone) + timedelta(hours=2)
    keys, done = giving.find(made.pk, day), Counter({"given": 0, "refused": 0})
    for batch in cut(keys, 2):
        done.update(giving.work(made.pk, day, batch, now))
    return dict(done)


def give(made, day, now):
    """The counts of one batch with everybody who is due on the local `day`."""
    return giving.work(made.pk, day, giving.find(made.pk, day), now)


def days_of(who):
    """The local days on which the member was given something for an occasion."""
    rows = Journal.objects.filter(member=who, activity__in=["birthday", "anniversary"]).order_by("activity_at")
    return [row.activity_at.astimezone(who.program.zone).date().isoformat() for row in rows if row.answer["points"]]
