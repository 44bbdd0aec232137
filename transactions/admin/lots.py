"""Where are lots found, and those that got another end?"""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty_site.lib.admin import RangeDateTimeFilter, RelatedDropdownFilter, StaffRequest, display
from loyalty_site.lib.panels import Panel, moment, points, through
from members.admin.found_by_member import MemberFactAdmin
from members.models import Member
from transactions.admin import cause_panels
from transactions.models import Lot, Redating
from transactions.proof.outlook import end_of, with_ends


@admin.register(Lot)
class LotAdmin(MemberFactAdmin):
    """Credits with what is left of each."""

    icon, place = "hourglass_empty", 3
    list_display = ["entry_id", "member", "currency", "given", "left", "is_pending", "earned", "expires"]
    list_filter = [
        ["currency__program", RelatedDropdownFilter],
        ["currency", RelatedDropdownFilter],
        ["expires_at", RangeDateTimeFilter],
    ]
    fields = [
        ("entry", "member"),
        ("currency", "is_floored"),
        ("given", "left"),
        ("earned", "expires"),
        ("is_pending", "available_at"),
        ("waits_for", "deadline"),
        ("is_extended", "origin"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lot]:
        lots = with_ends(super().get_queryset(request))
        return lots.select_related("entry__currency", "member__customer", "currency__program")

    def panels(self, request: StaffRequest, lot: Lot) -> list[Panel]:
        return cause_panels.of_lot(request, lot)

    @display(description="points")
    def given(self, lot: Lot) -> str:
        return points(lot.points, lot.currency)

    @display(description="left")
    def left(self, lot: Lot) -> str:
        return points(lot.remaining, lot.currency)

    @display(description="earned")
    def earned(self, lot: Lot) -> str:
        return moment(lot.activity_at, lot.currency.program.zone)

    @display(description="last usable day")
    def expires(self, lot: Lot) -> str:
        return through(end_of(lot), lot.currency.program.zone)

    @display(description="last day for it")
    def deadline(self, lot: Lot) -> str:
        return through(lot.deadline_at, lot.currency.program.zone, empty="-")


@admin.register(Redating)
class RedatingAdmin(MemberFactAdmin):
    """Lots that got another end, and why."""

    list_display = ["id", "member", "lot", "at", "before", "after", "reason"]
    list_filter = [["at", RangeDateTimeFilter]]
    list_select_related = ["lot__member__customer", "lot__currency__program"]
    fields = ["lot", ("before", "after"), "at", "reason"]
    member_path = "lot__member"

    @display(description="member")
    def member(self, redating: Redating) -> Member:
        return redating.lot.member

    @display(description="last usable day before")
    def before(self, redating: Redating) -> str:
        return through(redating.expires_before, redating.lot.currency.program.zone)

    @display(description="last usable day since")
    def after(self, redating: Redating) -> str:
        return through(redating.expires_after, redating.lot.currency.program.zone)
