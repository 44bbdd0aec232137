"""What happened that somebody should hear of?"""

import secrets
from collections.abc import Collection
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from loyalty_site.lib.json_text_field import JsonTextField
from members.models.members import Member
from partners.models import Partner
from programs.models import Program


def new_name() -> str:
    """The public name of an event, which nobody can guess."""
    return new_names(1)[0]


def new_names(count: int) -> list[str]:
    """So many names, asking the system for chance only once."""
    digits = secrets.token_hex(16 * count)
    return [f"evt_{digits[first : first + 32]}" for first in range(0, len(digits), 32)]


class EventQuerySet(models.QuerySet["Event"]):
    def of_members(self, members: Collection[int] | models.QuerySet[Any, Any]) -> Self:
        """Those about these members, given by their keys, or a query of them; whether they are passed on or not."""
        theirs = Event.objects.filter(member__in=members).order_by()
        passed_on, waiting = theirs.exclude(spread_at=None), theirs.filter(spread_at=None)
        return self.filter(pk__in=passed_on.values("pk").union(waiting.values("pk"), all=True))


class Event(models.Model):
    """A fact that left a trace in the transaction in which it happened; whoever listens gets a Delivery of it.

    Written only where somebody listens (`Program.listens_to`), by posting (transactions/books/telling.py) and by
    `members/telling.py`. `type` and the shape of `data` are those of partners/events.py; `data` holds nothing by
    which a person could be known but the membership number. `partner` is whose activity caused it. `spread_at` is
    when its deliveries were written; an event of which they could not be is tried again at `spread_after`. Of one
    name in `once` there is one event in a program.
    """

    name = models.CharField(max_length=40, default=new_name, editable=False)
    # Posting writes many: none of these can vanish while the ledger names them (transactions/models/parents.py), and
    # to have the database look each up again would cost as much as the event.
    program = models.ForeignKey(Program, models.PROTECT, related_name="events", db_index=False, db_constraint=False)
    # Its index holds what is passed on: by then posting waits no more. What is not is few, and has an index, too.
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="events", db_index=False, db_constraint=False
    )
    partner = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, db_constraint=False
    )
    type = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField(default=1, db_default=1)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now)
    data = JsonTextField(default=dict)
    once = models.CharField(max_length=120, blank=True, default="", db_default="")
    spread_at = models.DateTimeField(null=True, blank=True)
    spread_after = models.DateTimeField(null=True, blank=True, editable=False)
    spread_failures = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["program", "once"], condition=~Q(once=""), name="event_of_a_name_once"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(spread_at=None), name="event_to_be_spread"),
            models.Index(fields=["member"], condition=~Q(spread_at=None), name="event_of_member"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.name}"
