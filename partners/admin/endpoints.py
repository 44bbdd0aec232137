"""How do staff keep the addresses that are told of events, with the secrets that sign what is sent there?"""

from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from loyalty_site.lib import receivers
from loyalty_site.lib.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    Dialog,
    Extension,
    Made,
    ModelAdmin,
    StaffRequest,
    Subpage,
    VerbAdmin,
    action,
    dialog,
    display,
    dressed,
    found,
    site,
)
from loyalty_site.lib.forms import ModelForm
from loyalty_site.lib.panels import Panel, Sentences, Tile, Tiles, address_of, moment
from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.shown import address
from partners import hooks
from partners.admin import faring
from partners.events import EVENTS
from partners.hooks import Subscription
from partners.models import WebhookEndpoint
from partners.models.health import HEALTH

PERMISSION = "partners.change_webhookendpoint"
#: Characters of an address in a list.
_LONGEST = 36
_Status = WebhookEndpoint.Status
_COLOURS = {
    _Status.ACTIVE.value: "success",
    _Status.PAUSED.value: "warning",
    _Status.DISABLED.value: "danger",
    _Status.UNSUBSCRIBED.value: "info",
}
_FACTS = ["key", "created_at"]
#: What is decrypted for each row that is read, and drawn nowhere.
_UNSEEN = ("secret", "old_secret", "connection__credentials")


class EndpointForm(ModelForm):
    """An address, and what it hears of."""

    instance: WebhookEndpoint
    url = dressed(
        forms.URLField(
            label="Address",
            max_length=500,
            assume_scheme="https",
            help_text="Where each event is sent to, like https://example.com/hooks; reachable from the internet.",
        )
    )
    events = dressed(
        forms.MultipleChoiceField(
            choices=hooks.offered,
            widget=forms.CheckboxSelectMultiple,
            help_text="Everything is also what comes later. Events name members by their number alone.",
        )
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if url != self.instance.url:
            try:
                receivers.check_address(url)
            except receivers.AddressRefused as refused:
                raise ValidationError(str(refused)) from refused
        return url

    def clean_events(self) -> list[str]:
        return list(hooks.chosen(self.cleaned_data["events"]))

    def subscription(self) -> Subscription:
        wanted = self.cleaned_data
        return Subscription(wanted["url"], tuple(wanted["events"]), wanted["name"], wanted["is_ordered"])


class RotateForm(forms.Form):
    """For how long the old secret signs as well."""

    hours = dressed(
        forms.IntegerField(
            min_value=0,
            max_value=hooks.LONGEST_OVERLAP_H,
            initial=hooks.OVERLAP_H,
            label="Hours for which the old secret signs as well",
            help_text="Time to put the new one into the receiver. 0 if somebody else knows the old one.",
        )
    )


class PauseForm(Dialog):
    """Why nothing is sent for a while."""

    reason = forms.CharField(max_length=200, help_text="Shown on the page, and to the receiver's system.")


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(VerbAdmin):
    """Endpoints are unsubscribed, never deleted: what was sent there keeps saying where it went."""

    icon, place = "webhook", 6
    form = EndpointForm
    list_display = ["address", "name", "connection", "event_names", "status_label", "failures", "last_success_at"]
    list_filter = [["connection", AutocompleteSelectFilter], ["status", ChoicesDropdownFilter]]
    list_select_related = ["connection__partner"]
    search_fields = ["url", "name"]
    sortable_by = ()
    autocomplete_fields = ["connection"]
    fields = [("connection", "name"), "url", "events", "is_ordered"]
    fixed_fields = ["connection", *_FACTS]
    actions_detail = ["new_secret", "pause", "resume", "try_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        rows: QuerySet[WebhookEndpoint] = super().get_queryset(request)
        return rows.select_related("key", "connection__partner").defer(*_UNSEEN)

    def get_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> list[Any]:
        fields = [*super().get_fields(request, obj), *(_FACTS if obj else [])]
        if self.has_change_permission(request, obj):
            return fields
        # Who only looks need not know what lets us in there.
        return ["shown_address" if name == "url" else name for name in fields]

    def has_delete_permission(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> bool:
        return False

    @display(description="address")
    def address(self, endpoint: WebhookEndpoint) -> str:
        return shown(endpoint)

    @display(description="address")
    def shown_address(self, endpoint: WebhookEndpoint) -> str:
        return address(endpoint.url)

    @display(description="events")
    def event_names(self, endpoint: WebhookEndpoint) -> str:
        return ", ".join(endpoint.events)

    @display(description="status", label=_COLOURS)
    def status_label(self, endpoint: WebhookEndpoint) -> tuple[str, str]:
        return endpoint.status, endpoint.get_status_display()

    def perform(self, request: StaffRequest, form: EndpointForm, formsets: list[Any]) -> Made:
        """Make the endpoint, and show its secret on a page that is drawn at once: it is not shown again."""
        made, is_new = hooks.subscribe(form.cleaned_data["connection"], form.subscription())
        if not is_new:
            raise Refused("This connection has these events sent to this address already.", field="url")
        return Made(made, secret_page(self, request, made))

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: EndpointForm, change: bool) -> None:
        """Only what was changed: workers write other columns at the same time. A new address begins anew."""
        if change and form.changed_data:
            obj.save(update_fields=form.changed_data)
            if "url" in form.changed_data:
                hooks.begin_anew(obj)

    def panels(self, request: StaffRequest, endpoint: WebhookEndpoint) -> list[Panel]:
        now, zone = timezone.now(), timezone.get_current_timezone()
        reason = [endpoint.status_reason] if endpoint.status_reason else []
        status = Tile("Status", endpoint.get_status_display().partition(":")[0], reason)
        shown: list[Panel] = [Tiles([status, *faring.tiles(endpoint, faring.in_a_word(endpoint))])]
        if endpoint.status == _Status.ACTIVE:
            shown += faring.to_look_at(endpoint)
        if endpoint.old_secret_until and endpoint.old_secret_until > now:
            until = moment(endpoint.old_secret_until, zone)
            shown.append(Sentences("Two secrets", [f"The secret of before signs as well until {until}."]))
        return shown

    def offered(self, request: StaffRequest, object_id: str) -> Collection[str]:
        endpoint = found(WebhookEndpoint.objects.only("status", *HEALTH), object_id)
        if endpoint.status == _Status.UNSUBSCRIBED:
            return []
        if endpoint.status != _Status.ACTIVE:
            return ["new_secret", "resume"]
        return ["new_secret", "pause", *(["try_again"] if endpoint.is_failing(timezone.now()) else [])]

    @action(description="Rotate the secret", permission=PERMISSION, icon="key")
    def new_secret(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:partners_webhookendpoint_secret", args=[object_id]))

    @action(
        description="Pause",
        permission=PERMISSION,
        icon="pause",
        dialog=dialog(
            "Pause this endpoint?", "What happens meanwhile is kept, and sent when you go on.", "Pause", PauseForm
        ),
    )
    def pause(self, request: StaffRequest, form: PauseForm, object_id: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        endpoint = hooks.pause(found(WebhookEndpoint.objects.all(), object_id), reason=reason)
        return self.done(request, endpoint, log=f"Paused: {reason}", say="Nothing is sent there until you go on.")

    @action(
        description="Go on",
        permission=PERMISSION,
        icon="play_arrow",
        dialog=dialog("Send to this endpoint again?", "As if it had never failed.", "Go on"),
    )
    def resume(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        endpoint = hooks.resume(found(WebhookEndpoint.objects.all(), object_id))
        return self.done(request, endpoint, log="Resumed.", say="Events are sent there again.")

    @action(
        description="Try again now",
        permission=PERMISSION,
        icon="refresh",
        dialog=dialog("Try again now?", "What waits for this endpoint is sent as if it had never failed.", "Try"),
    )
    def try_again(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        endpoint = hooks.try_again(found(WebhookEndpoint.objects.all(), object_id))
        return self.done(request, endpoint, log="Tried again.", say="What waits for it is sent from now on.")


def shown(endpoint: WebhookEndpoint) -> str:
    """The address without what may be a secret; cut where it would be wider than a phone."""
    return Truncator(address(endpoint.url)).chars(_LONGEST)


def secret_page(page: ModelAdmin, request: StaffRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    """The page that shows the secret of an endpoint, once: no browser and no proxy keeps it."""
    example = next((name for name in endpoint.events if name in EVENTS), "points.earned")
    answer = page.draw(
        request,
        "admin/partners/signing_secret.html",
        title=f"The secret of {endpoint}",
        endpoint=endpoint,
        example=example,
        address=address_of(endpoint),
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _rotate(page: ModelAdmin, request: StaffRequest, object_id: str) -> HttpResponse:
    endpoint = found(WebhookEndpoint.objects.defer("old_secret"), object_id)
    form = RotateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            rotated = hooks.rotate(endpoint, hours=form.cleaned_data["hours"])
        except Refused as refused:
            form.add_error(None, refused.refusal.detail)
        else:
            page.log_change(request, endpoint, "A new secret was made.")
            return secret_page(page, request, rotated)
    return page.draw(
        request,
        "admin/partners/rotate_secret.html",
        title=f"A new secret for {endpoint}",
        panels=[
            Sentences(
                "What happens",
                [
                    "You see the new secret once, on the next page: have the receiver at hand.",
                    "Until the old one ends, each event carries a signature of both; a receiver takes either.",
                    "What is on its way is signed when it is sent, so nothing has to be sent again.",
                ],
            )
        ],
        form=form,
        buttons=[{"name": "rotate", "label": "Make a new secret", "variant": "primary"}],
        back=address_of(endpoint),
    )


class SecretPage(Extension[WebhookEndpoint]):
    """Where a secret is replaced; a dialog could not show it."""

    subpages = [Subpage(route="secret", name="secret", permission=PERMISSION, view=_rotate)]


site.extend(WebhookEndpoint, SecretPage)
