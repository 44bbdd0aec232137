"""What left, what did not, and why: how do staff look at it, and send it again?"""

import json
from collections.abc import Collection, Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from loyalty_site.lib.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    Dialog,
    DropdownFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    StaffRequest,
    action,
    dialog,
    display,
    found,
    names_one_of,
)
from loyalty_site.lib.panels import Panel, Sentences, Table, Tile, Tiles, link, moment
from members.admin import delivery_tables as tables
from members.admin import replays
from members.admin.found_by_member import MemberFactAdmin
from members.models import Attempt, Delivery
from members.outbox.replaying import REPLAYED
from partners.events import EVENTS
from partners.models import WebhookEndpoint

#: Attempts whose texts are shown, the latest ones: each may be long.
_TEXTS = 12
_TOLD = 50
_AGAIN = dialog(
    "Send it again?",
    "It goes out under the same key, as things stand now: the receiver of a webhook knows that it is the same event, "
    "but a member who got a message gets it twice. What was skipped for a reason that still holds is skipped again.",
    "Send it again",
)


class EventFilter(DropdownFilter):
    """By the kind of event."""

    title, parameter_name = "event", "event__type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(one.name, one.label) for one in EVENTS.values()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(MemberFactAdmin):
    """Rows that only the outbox writes; what is at its end can be sent again."""

    icon, place = "outbox", 9
    list_display = ["created", "what", "member", "way", "state_label", "attempts", "why"]
    list_filter = [
        ["state", ChoicesDropdownFilter],
        ["kind", ChoicesDropdownFilter],
        ["connection__platform", ChoicesDropdownFilter],
        ["connection", AutocompleteSelectFilter],
        ["endpoint", AutocompleteSelectFilter],
        EventFilter,
        ["program", RelatedDropdownFilter],
        ["created_at", RangeDateTimeFilter],
    ]
    search_help_text = (
        "Number, card, e-mail, phone or last name of the member; the key of a delivery; or the id of an event."
    )
    list_before_template = "admin/panels.html"
    fields = [
        ("kind", "program"),
        "event",
        "member",
        "way",
        "sent_to",
        "key",
        "provider_id",
        ("created", "ended"),
        "data",
    ]
    actions = ["replay_selected"]
    actions_detail = ["replay"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        rows = tables.visible(request, super().get_queryset(request))
        is_list = ((request.resolver_match and request.resolver_match.url_name) or "").endswith("_changelist")
        return tables.read_along(rows) if is_list else rows.select_related(*tables.ALONG)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        if text.startswith("evt_"):
            # Keys are indexed, names of events are not: what endpoints were sent of it has it in the key.
            endpoints = WebhookEndpoint.objects.order_by().values_list("pk", flat=True)
            return queryset.filter(key__in=[f"webhook:{pk}:{text}" for pk in endpoints]), False
        if ":" in text:
            return queryset.filter(key=text), False
        return super().get_search_results(request, queryset, search_term)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Who may send again; what a delivery says is changed by nobody."""
        return request.user.has_perm(replays.PERMISSION)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self._replay_all)
        return [path("replay/", view, name="members_delivery_replay_all"), *super().get_urls()]

    def _replay_all(self, request: StaffRequest) -> HttpResponse:
        return replays.page(self, request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        shown: list[Panel] = []
        if self.has_replay_permission(request) and (said := replays.given_up()):
            address = reverse("admin:members_delivery_replay_all")
            way = format_html('{} <a class="text-link" href="{}">Send them again</a>', said, address)
            shown = [Sentences("Given up", [way])]
        response: HttpResponse = super().changelist_view(request, {**(extra_context or {}), "panels": shown})
        return response

    @admin.action(description="Send again what was given up, skipped or is unknown", permissions=["replay"])
    def replay_selected(self, request: StaffRequest, queryset: QuerySet[Delivery]) -> None:
        """What was sent stays: to send that twice is a deed of its own, on its page."""
        count, is_all = replays.send_again(queryset.filter(state__in=replays.FAILED))
        replays.log(request.user, f"{count:,} that were chosen were sent again.")
        say = f"{count:,} are sent again; what was sent, or is on its way, stays as it is."
        rest = "" if is_all else " There are more: do the same again."
        self.message_user(request, say + rest, messages.SUCCESS if count else messages.WARNING)

    @action(description="Send again", permission=replays.PERMISSION, icon="replay", dialog=_AGAIN)
    def replay(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        delivery = found(self.get_queryset(request), object_id)
        count, _ = replays.send_again(Delivery.objects.filter(pk=delivery.pk))
        if count:
            return self.done(request, delivery, log="Sent again.", say="It is on its way again.")
        say = "It is on its way already, or told in another message."
        return self.done(request, delivery, log="Not sent again.", say=say, level=messages.WARNING)

    def offered(self, request: StaffRequest, object_id: str) -> Collection[str]:
        return ["replay"] if names_one_of(Delivery.objects.filter(state__in=REPLAYED), object_id) else []

    @display(description="created")
    def created(self, delivery: Delivery) -> str:
        return moment(delivery.created_at, delivery.program.zone)

    @display(description="ended")
    def ended(self, delivery: Delivery) -> str:
        return moment(delivery.ended_at, delivery.program.zone)

    @display(description="what")
    def what(self, delivery: Delivery) -> str:
        return tables.words_of(delivery)

    @display(description="through")
    def way(self, delivery: Delivery) -> str:
        return tables.way_of(delivery)

    @display(description="sent to", empty_value="-")
    def sent_to(self, delivery: Delivery) -> str:
        return delivery.recipient

    @display(description="state", label=tables.COLOURS)
    def state_label(self, delivery: Delivery) -> tuple[str, str]:
        return delivery.state, delivery.get_state_display()

    @display(description="why", empty_value="-")
    def why(self, delivery: Delivery) -> str:
        return delivery.reason

    @display(description="what happened")
    def data(self, delivery: Delivery) -> str:
        return document(delivery.event.data)

    def panels(self, request: StaffRequest, delivery: Delivery) -> list[Panel]:
        tries = list(delivery.tries.order_by("-number")[: _TEXTS + 1])
        shown: list[Panel] = [Tiles(_tiles(request, delivery))]
        if delivery.digest_id:
            told = Delivery.objects.get(pk=delivery.digest_id)
            shown.append(Sentences("Told in another message", [link(request, told)]))
        if several := list(delivery.told.select_related("event", "message")[:_TOLD]):
            shown.append(Sentences("Tells also of", [link(request, one, tables.words_of(one)) for one in several]))
        return [*shown, _tries(delivery, tries), *_texts(tries[:_TEXTS])]


def document(value: Any) -> str:
    """JSON as people read it."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return format_html('<pre class="loyalty-document">{}</pre>', text)


def _tiles(request: StaffRequest, delivery: Delivery) -> list[Tile]:
    zone = delivery.program.zone
    tiles = [
        Tile("State", delivery.get_state_display(), [delivery.reason] if delivery.reason else []),
        Tile("Attempts", str(delivery.attempts)),
        Tile("Through", tables.way_of(delivery)),
    ]
    if delivery.next_at:
        tiles.append(Tile("Next try", moment(delivery.next_at, zone)))
    if delivery.member:
        tiles.append(Tile("Member", link(request, delivery.member, str(delivery.member.customer))))
    return tiles


def _tries(delivery: Delivery, tries: Sequence[Attempt]) -> Table:
    zone = delivery.program.zone
    return Table(
        "Attempts, the last one first",
        ["Number", "Began", "Took", "Result", "HTTP status", "Why"],
        [
            [
                one.number,
                moment(one.started_at, zone),
                f"{one.took_ms:,} ms" if one.took_ms is not None else "-",
                one.get_result_display() or "under way",
                one.status or "-",
                one.reason or "-",
            ]
            for one in tries
        ],
        empty="None so far.",
    )


def _texts(tries: Sequence[Attempt]) -> list[Panel]:
    """What was sent and answered, as it was stored: without secrets."""
    written = [one for one in tries if one.request or one.answer]
    return [
        Table(
            f"Attempt {one.number}, word by word",
            ["Sent", "Answered"],
            [[_words(one.request), _words(one.answer)]],
        )
        for one in written
    ]


def _words(text: str) -> str:
    return format_html('<pre class="loyalty-document">{}</pre>', text or "-")
