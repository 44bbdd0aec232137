"""Who has enrolled in which promotion? A list, and a count on the page of the promotion."""

from django.contrib import admin
from django.db.models import Count, Q
from django.urls import reverse

from loyalty_site.lib.admin import AnyRelatedFilter, Extension, FactAdmin, StaffRequest, display, site
from loyalty_site.lib.panels import Panel, Table, moment
from members.models import PromotionEnrolment
from programs.models import Promotion


@admin.register(PromotionEnrolment)
class PromotionEnrolmentAdmin(FactAdmin):
    """Enrolments in promotions; members, systems and staff make and end them."""

    icon, place = "how_to_reg", 7
    list_display = ["member", "promotion", "program", "since", "until"]
    list_filter = [["promotion", AnyRelatedFilter]]
    list_select_related = ["member__customer", "member__program", "promotion__program"]
    search_fields = ["member__number__exact"]
    search_help_text = "Number of the member."
    sortable_by = ()
    ordering = ["-pk"]
    fields = [("member", "promotion"), ("since", "until")]
    readonly_fields = ["since", "until"]

    @display(description="program")
    def program(self, one: PromotionEnrolment) -> str:
        return one.promotion.program.name

    @display(description="since")
    def since(self, one: PromotionEnrolment) -> str:
        return moment(one.enrolled_at, one.promotion.program.zone)

    @display(description="until")
    def until(self, one: PromotionEnrolment) -> str:
        return moment(one.left_at, one.promotion.program.zone, empty="now")


class EnrolledPanel(Extension[Promotion]):
    """How many have enrolled, on the page of a promotion that asks for it."""

    def panels(self, request: StaffRequest, promotion: Promotion) -> list[Panel]:
        if not request.user.has_perm("members.view_promotionenrolment"):
            return []
        rows = PromotionEnrolment.objects.filter(promotion=promotion).order_by()
        found = rows.aggregate(all=Count("pk"), now=Count("pk", filter=Q(left_at=None)))
        if not promotion.opt_in and not found["all"]:
            return []
        left = found["all"] - found["now"]
        address = f"{reverse('admin:members_promotionenrolment_changelist')}?promotion__id__exact={promotion.pk}"
        return [
            Table(
                "Enrolled",
                ["Take part now", "Left"],
                [[f"{found['now']:,}", f"{left:,}"]],
                more=("All who have enrolled", address),
            )
        ]


site.extend(Promotion, EnrolledPanel)
