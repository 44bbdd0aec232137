"""How does each of the staff hear of things? A page of one's own, and a list of everybody's for who may see it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from loyalty_site.lib.admin import ChoicesDropdownFilter, FactAdmin, StaffRequest, display, dressed
from loyalty_site.lib.panels import Panel, Sentences
from members.models import StaffNotice, StaffSubscription
from members.notes import hearing
from members.notes.hearing import Way
from members.notes.readers import ON_REQUEST

_LIST = "list"
_IN_LIST = "It always stands in your list of notifications."
_SLACK = dressed(
    forms.CharField(
        required=False,
        max_length=40,
        label="Slack member id",
        help_text="Like U024BE7LH: in Slack, open your profile, then the three dots, then “Copy member ID”.",
        validators=[
            RegexValidator(
                r"^[UW][A-Z0-9]{6,}$", "A member id begins with U or W, like U024BE7LH: copy it from Slack."
            )
        ],
    )
)


class HearingForm(forms.Form):
    """For each event that may concern `user`, through what they want to hear of it."""

    def __init__(self, user: User, ways: Sequence[Way], data: Any = None) -> None:
        chosen = hearing.of(user)
        initial: dict[str, Any] = {"slack": next((one.slack for one in chosen if one.slack), "")}
        for one in chosen:
            initial.setdefault(one.event, []).append(str(one.connection_id or _LIST))
        super().__init__(data, initial=initial)
        self.user, self.ways, self.events = user, ways, hearing.offered(user)
        for name, label in self.events:
            self.fields[name] = _field(name, label, ways)
        if any(way.takes_slack for way in ways):
            self.fields["slack"] = _SLACK

    def clean(self) -> dict[str, Any]:
        """Refuse what would reach nobody, beside the event for which it was chosen first."""
        said: dict[str, Any] = super().clean() or {}
        told: set[int] = set()
        for name, _ in self.events:
            for way in self.ways:
                key = way.connection.pk
                if str(key) in said.get(name, []) and key not in told and (why := self._problem(way)):
                    told.add(key)
                    self.add_error(name, f"{way.label}: {why}")
        return said

    def _problem(self, way: Way) -> str:
        # An id that is none is refused at its own field.
        return "" if way.takes_slack and "slack" in self.errors else way.problem(self.user, self._slack)

    @property
    def _slack(self) -> str:
        return str(self.cleaned_data.get("slack", ""))

    def save(self) -> None:
        """Keep what was chosen."""
        wanted = {
            name: {None if key == _LIST else int(key) for key in self.cleaned_data[name]} for name, _ in self.events
        }
        hearing.choose(self.user, wanted, ways=self.ways, slack=self._slack)


def _field(name: str, label: str, ways: Sequence[Way]) -> forms.MultipleChoiceField:
    choices = [(_LIST, "My list of notifications")] if name in ON_REQUEST else []
    choices += [(str(way.connection.pk), way.label) for way in ways]
    field = forms.MultipleChoiceField(
        required=False,
        choices=choices,
        label=label,
        help_text=_help(name),
    )
    return dressed(field)


def _help(name: str) -> str:
    if name == "approval.decided":
        return "What became of your own requests always stands in your list."
    return "" if name in ON_REQUEST else _IN_LIST


@admin.register(StaffSubscription)
class StaffSubscriptionAdmin(FactAdmin):
    """How everybody hears; each changes their own, on a page of their own."""

    icon = "notifications_active"
    list_display = ["user", "event", "way", "slack", "created_at"]
    list_filter = [["event", ChoicesDropdownFilter]]
    list_select_related = ["user", "connection__partner"]
    search_fields = ["user__username__startswith"]
    search_help_text = "The user name, or the start of it."
    sortable_by = ()
    fields = ["user", "event", "way", "slack", "created_at"]

    def get_urls(self) -> list[URLPattern]:
        mine = self.admin_site.admin_view(self.mine)
        return [path("mine/", mine, name="members_staffsubscription_mine"), *super().get_urls()]

    @display(description="through")
    def way(self, row: StaffSubscription) -> str:
        return str(row.connection) if row.connection else "the list of notifications"

    def mine(self, request: StaffRequest) -> HttpResponse:
        """The page of whoever asks for it."""
        ways = hearing.ways()
        form = HearingForm(request.user, ways, request.POST if request.method == "POST" else None)
        if form.is_valid():
            form.save()
            self.message_user(request, "Kept: this is how you hear of things from now on.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:members_staffsubscription_mine"))
        others = reverse("admin:members_staffsubscription_changelist") if self.has_view_permission(request) else ""
        return self.draw(
            request,
            "admin/members/hearing.html",
            title="How I hear of things",
            # Of the list that everybody has; that of what others chose is not for all.
            opts=StaffNotice._meta,
            panels=_panels(request, ways),
            form=form,
            buttons=[{"name": "save", "label": "Save"}],
            others=others,
        )


def _panels(request: HttpRequest, ways: Sequence[Way]) -> list[Panel]:
    """What has to be known before one chooses."""
    if ways:
        return []
    why = "There is no connection for e-mail or Slack yet: whoever looks after connections can make one."
    return [Sentences("In the back office alone", [why, "What concerns you stands in your list of notifications."])]
