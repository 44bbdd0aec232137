"""How do staff enrol a member in a promotion on the member's page, and let them leave it?"""

from collections.abc import Collection
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone

from loyalty_site.lib.admin import Dialog, Extension, StaffRequest, action, dialog, names_one_of, site
from members import promotions
from members.models import Member, PromotionEnrolment
from programs.models import Promotion
from programs.running import not_over
from transactions.admin.lookups import member_of

MAY_ENROL, MAY_LET_LEAVE = "members.add_promotionenrolment", "members.change_promotionenrolment"


class _PromotionForm(Dialog):
    """One of the promotions that may be meant."""

    promotion = forms.ModelChoiceField(Promotion.objects.none(), empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member_of(self.object_id)
        choice = cast("forms.ModelChoiceField[Promotion]", self.fields["promotion"])
        choice.queryset = self.choices(self.member).select_related("program").order_by("name")

    @staticmethod
    def choices(member: Member) -> QuerySet[Promotion]:
        """The promotions that may be meant."""
        raise NotImplementedError


class EnrolForm(_PromotionForm):
    """A promotion in which the member can enrol now."""

    @staticmethod
    def choices(member: Member) -> QuerySet[Promotion]:
        rows = Promotion.objects.filter(program=member.program_id, is_active=True, opt_in=True)
        coming = not_over(rows, timezone.now(), member.program.zone)
        return coming.exclude(pk__in=_taking_part(member).values("promotion"))


class LeaveForm(_PromotionForm):
    """A promotion in which the member takes part."""

    @staticmethod
    def choices(member: Member) -> QuerySet[Promotion]:
        return Promotion.objects.filter(pk__in=_taking_part(member).values("promotion"))


def _taking_part(member: Member) -> QuerySet[PromotionEnrolment]:
    return PromotionEnrolment.objects.filter(member=member.pk, left_at=None)


_ENROL = dialog(
    "Enrol in a promotion", "What the member does from now on counts for the promotion.", "Enrol", EnrolForm
)
_LEAVE = dialog(
    "Leave a promotion", "It gives the member no more from now on. What it has given stays.", "Leave", LeaveForm
)


class PromotionActions(Extension[Member]):
    """The ways in and out of promotions that members must enrol in."""

    actions_detail = [{"title": "Promotions", "items": ["enrol_in_promotion", "leave_promotion"]}]

    def offered(self, request: StaffRequest, object_id: str) -> Collection[str]:
        # Most programs have none of that kind: one statement says so.
        if not names_one_of(Member.objects.filter(program__promotions__opt_in=True), object_id):
            return []
        member = member_of(object_id)
        can_enrol = member.status == Member.Status.ACTIVE and EnrolForm.choices(member).exists()
        names = {"enrol_in_promotion"} if can_enrol else set()
        return names | ({"leave_promotion"} if LeaveForm.choices(member).exists() else set())

    @action(description="Enrol in a promotion", permission=MAY_ENROL, icon="how_to_reg", dialog=_ENROL)
    def enrol_in_promotion(self, request: StaffRequest, form: EnrolForm, object_id: str) -> HttpResponse:
        promotion = form.cleaned_data["promotion"]
        promotions.enrol(form.member, promotion, now=timezone.now())
        said = f"{form.member} takes part in {promotion} from now on."
        return self.admin.done(request, form.member, log=f"Enrolled in the promotion {promotion.code}", say=said)

    @action(description="Leave a promotion", permission=MAY_LET_LEAVE, icon="logout", dialog=_LEAVE)
    def leave_promotion(self, request: StaffRequest, form: LeaveForm, object_id: str) -> HttpResponse:
        promotion = form.cleaned_data["promotion"]
        promotions.leave(form.member, promotion, now=timezone.now())
        said = f"{form.member} takes part in {promotion} no longer."
        return self.admin.done(request, form.member, log=f"Left the promotion {promotion.code}", say=said)


site.extend(Member, PromotionActions)
