"""How are deliveries shown in a few lines: on the page of a member, an endpoint, an event?"""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from loyalty_site.lib.admin import StaffRequest
from loyalty_site.lib.panels import Cell, Panel, Table, link, moment
from members.endpoints import TEST
from members.models import Delivery, Event, Member
from partners.events import EVENTS

#: Characters of a name or address in a line.
_LONGEST = 48
#: Rows of a table on another page; the rest is behind its link.
SHOWN = 10
#: What a list or table reads along of each delivery.
ALONG = ("event", "program", "connection__partner", "endpoint", "message", "member__customer", "user")
#: Of those what is large, or secret, and never shown there.
_UNREAD = ("event__data", "connection__credentials", "endpoint__secret", "endpoint__old_secret")
COLOURS = {
    "waiting": "info",
    "sending": "info",
    "sent": "success",
    "skipped": "warning",
    "merged": "info",
    "unknown": "warning",
    "dead": "danger",
}


def visible(request: Any, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Those of `rows` that somebody may see: who has no part in connections sees what members were told."""
    if request.user.has_perm("partners.view_webhookendpoint"):
        return rows
    return rows.filter(kind=Delivery.Kind.MESSAGE)


def read_along(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """The rows with what is shown of them in a line."""
    return rows.select_related(*ALONG).defer(*_UNREAD)


def words_of(delivery: Delivery) -> str:
    """What it tells: the name of a message, or of the kind of event."""
    if delivery.message:
        return delivery.message.name
    return label_of(delivery.event)


def label_of(event: Event) -> str:
    """What happened, in words of staff."""
    known = EVENTS.get(event.type)
    return known.label if known else "A test" if event.type == TEST else event.type


def way_of(delivery: Delivery) -> str:
    """Through what it goes."""
    channel = delivery.connection.channel
    label = channel.label if channel else delivery.get_kind_display()
    name = str(delivery.endpoint) if delivery.endpoint else delivery.connection.name
    return f"{label}: {Truncator(name).chars(_LONGEST)}"


def messages(request: StaffRequest, member: Member) -> list[Panel]:
    """What the member was told, and others of the member: nothing for who may not see deliveries."""
    if not request.user.has_perm("members.view_delivery"):
        return []
    rows = Delivery.objects.filter(member=member)
    return [last_deliveries(request, rows, f"member__id__exact={member.pk}", title="Messages")]


def last_deliveries(request: StaffRequest, rows: QuerySet[Delivery], query: str, *, title: str) -> Table:
    """The newest of `rows`; `query` narrows the list behind the link to them."""
    zone = timezone.get_current_timezone()
    found = read_along(visible(request, rows)).order_by("-pk")[:SHOWN]
    lines: list[list[Cell]] = [
        [
            moment(one.ended_at or one.created_at, one.program.zone if one.member_id else zone),
            link(request, one, words_of(one)),
            way_of(one),
            one.get_state_display(),
            one.reason or "-",
        ]
        for one in found
    ]
    more = "All", f"{reverse('admin:members_delivery_changelist')}?{query}"
    return Table(title, ["When", "What", "Through", "State", "Why"], lines, empty="Nothing was sent.", more=more)
