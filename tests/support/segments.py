"""How do tests make segments, and whom do these hold?"""

from django.db import transaction
from django.utils import timezone

from members.models import Member
from members.segments import asking, keeping
from programs.models import Segment
from transactions.models import Journal


def segment(made, code, conditions, **fields):
    """A segment that a form would take."""
    row = Segment(program=made, code=code, **({"name": code.title()} | fields), conditions=conditions)
    row.full_clean()
    row.save()
    return row


def held(made, conditions, *, now=None):
    """The numbers of the members whom conditions hold."""
    members = asking.Asking(made, now or timezone.now()).members_by(conditions)
    return set(members.values_list("pk", flat=True))


def assert_held(made, conditions, names, *, now, **people):
    """Conditions hold those of the `people` whose names these are, and their opposite all others."""
    wanted = {people[name].pk for name in names.split()}
    assert held(made, conditions, now=now) == wanted
    assert held(made, {"not": conditions}, now=now) == {who.pk for who in people.values()} - wanted


def keep(made, *codes, now=None):
    """Look up anew who is in these segments; (who came, who left)."""
    with transaction.atomic():
        return keeping.keep(made, codes, 0, Member.objects.latest("pk").pk, now=now or timezone.now())


def inside(row):
    """The keys of the members who are stored as those of a segment."""
    return set(row.memberships.values_list("member_id", flat=True))


def bought(who, since):
    """Purchases that are booked, asked by hand."""
    rows = Journal.objects.filter(member=who.pk, kind="accrual", activity="purchase", activity_at__gte=since)
    return list(rows.exclude(status__in=["reversed", "pending", "failed", "held", "rejected"]))
