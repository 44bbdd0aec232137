"""How do staff keep the ways in which partners reach us, and we them? With steps, a test, and how each one fares."""

from collections.abc import Collection
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    Dialog,
    ModelAdmin,
    RelatedDropdownFilter,
    StaffRequest,
    action,
    dialog,
    display,
    found,
)
from loyalty_site.lib.panels import Panel, Sentences, Tiles, address_of
from partners import connecting
from partners.admin import faring
from partners.admin.connection_form import SHOWN_FOR, ConnectionForm, fields_of, form_for
from partners.admin.keys import ApiKeyInline
from partners.channels.base import Channel, Outcome, Sent
from partners.models import Connection

PERMISSION = "partners.change_connection"


@admin.register(Connection)
class ConnectionAdmin(ModelAdmin):
    """The ways between partners and us. Facts are named by their connection, so it does not change sides."""

    icon, place = "cable", 4
    form = ConnectionForm
    list_display = ["name", "partner", "platform", "status", "health", "created_at"]
    list_filter = [
        ["partner", RelatedDropdownFilter],
        ["platform", ChoicesDropdownFilter],
        ["status", ChoicesDropdownFilter],
    ]
    list_select_related = ["partner"]
    search_fields = ["name", "partner__name", "token__exact"]
    autocomplete_fields = ["partner"]
    readonly_fields = ["token", "created_at"]
    fixed_fields = ["partner", "platform"]
    conditional_fields = SHOWN_FOR
    add_inlines = []
    actions_detail = ["issue_key", "test", "try_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        return super().get_queryset(request).defer("credentials")

    @display(description="health", label=faring.COLOURS)
    def health(self, connection: Connection) -> str:
        return faring.in_a_word(connection) if connection.channel else ""

    def get_inlines(self, request: HttpRequest, obj: Connection | None) -> Any:
        return [ApiKeyInline] if obj and not obj.channel else []

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> list[Any]:
        own = ["partner", "name", "platform", "status"]
        if obj is None:
            about = "Where messages leave, the next page says step by step what to do at the platform."
            return [(None, {"fields": own, "description": about})]
        # The token is part of the address at which a platform reaches us.
        sets: list[Any] = [(None, {"fields": [*own, *([] if obj.channel else ["token"]), "created_at"]})]
        names = fields_of(obj.channel) if obj.channel and self.has_change_permission(request, obj) else []
        if names:
            sets.append(("What you paste from the platform", {"fields": names}))
        return sets

    def get_form(
        self, request: HttpRequest, obj: Connection | None = None, change: bool = False, **kwargs: Any
    ) -> type[ConnectionForm]:
        if obj and obj.channel and self.has_change_permission(request, obj):
            kwargs = {"form": form_for(obj.channel)} | kwargs
        return cast(type[ConnectionForm], super().get_form(request, obj, change, **kwargs))

    def save_model(self, request: HttpRequest, obj: Connection, form: ConnectionForm, change: bool) -> None:
        """Only what the page shows: workers write the other columns at the same time."""
        if not change:
            if obj.channel and connecting.is_needed(obj.channel):
                obj.status = Connection.Status.PAUSED
            obj.save()
            return
        shown = [name for name in form.changed_data if name in ("name", "status")]
        if shown:
            obj.save(update_fields=shown)
        if form.credentials is not None:
            obj.status = connecting.keep(obj, form.credentials).status

    def response_add(
        self, request: HttpRequest, obj: Connection, post_url_continue: str | None = None
    ) -> HttpResponse:
        if not obj.channel or "_addanother" in request.POST or "_popup" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        self.message_user(request, f"{obj} was added. Now set it up, step by step.", messages.SUCCESS)
        return HttpResponseRedirect(address_of(obj))

    def panels(self, request: StaffRequest, connection: Connection) -> list[Panel]:
        channel = connection.channel
        if channel is None:
            return []
        to_look_at, health = faring.to_look_at(connection), faring.in_a_word(connection)
        try:
            if not connecting.kept(connection) and connecting.is_needed(channel):
                health = "not set up"
        except connecting.Unreadable as error:
            to_look_at = [Sentences("To look at", [str(error)])]
        steps = Sentences(f"How to set up {channel.label}", channel.steps, are_steps=True)
        return [Tiles(faring.tiles(connection, health)), *to_look_at, steps]

    def offered(self, request: StaffRequest, object_id: str) -> Collection[str]:
        rows = Connection.objects.only("platform", "failures", "paused_until", "dead_since")
        connection = found(rows, object_id)
        channel = connection.channel
        if channel is None:
            return ["issue_key"]
        offered = ["test"] if connecting.can_be_tested(channel) else []
        return [*offered, "try_again"] if connection.is_failing(timezone.now()) else offered

    @action(description="Issue an API key", permission="partners.add_apikey", icon="key")
    def issue_key(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('admin:partners_apikey_add')}?connection={object_id}")

    @action(
        description="Test the connection",
        permission=PERMISSION,
        icon="network_check",
        dialog=dialog(
            "Test the connection?",
            "The platform is asked whether it takes us. No member gets anything. Only a webhook of Slack, which "
            "cannot be asked, writes a line into its channel.",
            "Test it",
        ),
    )
    def test(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse | None:
        connection = found(self.get_queryset(request), object_id)
        if connection.channel is None or not connecting.can_be_tested(connection.channel):
            form.add_error(None, "This connection sends nothing that could be tested.")
            return None
        try:
            outcome = connecting.test(connection)
        except connecting.Unreadable as error:
            form.add_error(None, str(error))
            return None
        if isinstance(outcome, Sent):
            connecting.try_again(connection)
        level = messages.SUCCESS if isinstance(outcome, Sent) else messages.ERROR
        log = "Tested: it works." if isinstance(outcome, Sent) else "Tested: it does not work."
        return self.done(request, connection, log=log, say=_said(connection.channel, outcome), level=level)

    @action(
        description="Try again now",
        permission=PERMISSION,
        icon="refresh",
        dialog=dialog("Try again now?", "What waits for this connection is sent as if it had never failed.", "Try"),
    )
    def try_again(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        connection = connecting.try_again(found(self.get_queryset(request), object_id))
        return self.done(
            request, connection, log="Tried again.", say="What waits for this connection is sent from now on."
        )


def _said(channel: type[Channel], outcome: Outcome) -> str:
    """What a test has shown, and what to do about it."""
    if isinstance(outcome, Sent):
        who = f": {channel.label} takes us for {outcome.id}" if outcome.id else ""
        return f"The connection works{who}."
    return f"The connection does not work. {outcome.reason} Look at the steps, and at what was pasted."
