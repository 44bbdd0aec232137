"""In which order does the side bar name the apps, and how are logins looked after?"""

from axes.models import AccessAttempt
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from loyalty_site import sign_in
from loyalty_site.lib.admin import (
    AdminPasswordChangeForm,
    Dialog,
    FactAdmin,
    ModelAdmin,
    StaffRequest,
    UserChangeForm,
    UserCreationForm,
    action,
    dialog,
    display,
    found,
    site,
)

site.app_order = ("programs", "members", "partners", "transactions", "auth", "axes")

# Django registers these itself, with inputs that have no borders here.
site.unregister([User, Group])


class StaffAdmin(UserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """Who logs in to the back office."""

    icon, place = "shield_person", 1
    form = UserChangeForm  # type: ignore[assignment]
    add_form, change_password_form = UserCreationForm, AdminPasswordChangeForm
    list_display = ["username", "email", "first_name", "last_name", "is_staff", "is_active", "last_login"]


class StaffGroupAdmin(GroupAdmin, ModelAdmin):
    """What they may do: see loyalty_site/staff.py for the groups that are there from the start."""

    icon, place = "groups", 2


site.register(User, StaffAdmin)
site.register(Group, StaffGroupAdmin)


class FailureAdmin(FactAdmin):
    """Failures to sign in, of a name from an address; enough of them close the sign-in for a while."""

    icon, place = "lock_clock", 1
    list_display = ["username", "ip_address", "failures_since_start", "attempt_time", "is_closed"]
    search_fields = ["username__startswith", "ip_address__startswith"]
    ordering = ["-attempt_time"]
    fields = ["username", "ip_address", "failures_since_start", "attempt_time", "is_closed"]
    actions_detail = ["open_name", "open_address"]

    @display(description="closed", boolean=True)
    def is_closed(self, failure: AccessAttempt) -> bool:
        """Whether these failures alone refuse the next try of this name from there."""
        opens_at = sign_in.closed([failure], failure.username)
        return opens_at is not None and opens_at > timezone.now()

    @action(
        description="Open for this name",
        permission="axes.delete_accessattempt",
        icon="lock_open",
        dialog=dialog(
            "Open the sign-in for this name again?", "Its failures from every address are forgotten.", "Open"
        ),
    )
    def open_name(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        failure = found(AccessAttempt.objects.all(), object_id)
        return self._open(request, failure, name=failure.username)

    @action(
        description="Open for this address",
        permission="axes.delete_accessattempt",
        icon="lan",
        dialog=dialog(
            "Open the sign-in from this address again?",
            "The failures of every name from there are forgotten.",
            "Open",
        ),
    )
    def open_address(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        failure = found(AccessAttempt.objects.all(), object_id)
        return self._open(request, failure, address=failure.ip_address)

    def _open(self, request: HttpRequest, failure: AccessAttempt, **meant: str | None) -> HttpResponse:
        self.log_change(request, failure, "Opened again.")
        sign_in.open_again(**meant)
        self.message_user(request, f"The sign-in is open again for {', '.join(map(str, meant.values()))}.")
        # The page of the row went with it.
        return HttpResponse(headers={"HX-Redirect": reverse("admin:axes_accessattempt_changelist")})


site.register(AccessAttempt, FailureAdmin)
