"""How do staff set the tier of a member on its page, and take a lock off?"""

from collections.abc import Collection
from datetime import date
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone

from loyalty_site.lib import instants
from loyalty_site.lib.admin import Extension, StaffRequest, action, dialog, site
from members.models import Member, Standing
from partners.tier_setting import REASON_TYPES, TierSetting
from programs.models import Tier, TierGroup
from transactions.admin.dialogs import OnceForm
from transactions.admin.lookups import journal_of, member_of
from transactions.admin.posting import post
from transactions.books.items import Result
from transactions.models import Journal
from transactions.reviews.approvals import check_not_own

MAY_SET = "transactions.set_tier"


class _LadderForm(OnceForm):
    """Something about the tier of one ladder of the member's program."""

    tier_group = forms.ModelChoiceField(TierGroup.objects.none(), empty_label=None, label="Ladder")
    reason_type = forms.ChoiceField(choices=list(REASON_TYPES.items()), label="Kind of reason")
    reason = forms.CharField(max_length=160, help_text="Kept with the tier; others will read it.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member_of(self.object_id)
        choice = cast("forms.ModelChoiceField[TierGroup]", self.fields["tier_group"])
        choice.queryset = self.ladders().order_by("name")

    def ladders(self) -> "QuerySet[TierGroup]":
        """The ladders that may be meant."""
        return TierGroup.objects.filter(program=self.member.program_id)


class SetTierForm(_LadderForm):
    """A tier that a member is given, with an end and a lock."""

    tier = forms.ModelChoiceField(Tier.objects.none(), required=False, empty_label="No tier")
    until = forms.DateField(required=False, help_text="Its last day; empty: as the ladder says.")
    locked_until = forms.DateField(
        required=False,
        help_text="Through this day nothing raises or lowers it; a tier below what the points reach needs that.",
    )

    field_order = ["tier_group", "tier", "until", "reason_type", "reason", "locked_until"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast("forms.ModelChoiceField[Tier]", self.fields["tier"])
        tiers = Tier.objects.filter(group__program=self.member.program_id).select_related("group")
        choice.queryset = tiers.order_by("group__name", "sequence")
        if TierGroup.objects.filter(program=self.member.program_id).count() > 1:
            choice.label_from_instance = _with_ladder  # type: ignore[assignment,method-assign]


def _with_ladder(tier: Tier) -> str:
    return f"{tier.group.name}: {tier.name}"


class UnlockForm(_LadderForm):
    """A tier whose lock is taken off."""

    field_order = ["tier_group", "reason_type", "reason"]

    def ladders(self) -> "QuerySet[TierGroup]":
        locked = Standing.objects.current().filter(member=self.member.pk, locked_until__gt=timezone.now())
        return super().ladders().filter(pk__in=locked.values("group"))


_SET = dialog(
    "Set tier",
    "It is held from now on. Points raise it and time ends it as usual, unless it is locked.",
    "Set",
    SetTierForm,
)
_UNLOCK = dialog(
    "Unlock tier",
    "The member's points decide at once, and from then on, about the tier that is locked now.",
    "Unlock",
    UnlockForm,
)


class TierActions(Extension[Member]):
    """The ways to give a member a tier by hand."""

    actions_detail = [{"title": "Tier", "items": ["set_tier", "unlock_tier"]}]

    def offered(self, request: StaffRequest, object_id: str) -> Collection[str]:
        held = list(Standing.objects.current().filter(member=member_of(object_id).pk).values_list("locked_until"))
        is_locked = any(until and until > timezone.now() for (until,) in held)
        return {"set_tier", "unlock_tier"} if is_locked else {"set_tier"}

    @action(description="Set tier", permission=MAY_SET, icon="workspace_premium", dialog=_SET)
    def set_tier(self, request: StaffRequest, form: SetTierForm, object_id: str) -> HttpResponse:
        cleaned = form.cleaned_data
        code = cleaned["tier"].code if cleaned["tier"] else ""
        item = _setting(form.member, cleaned, code, cleaned["until"], cleaned["locked_until"])
        return self._post(request, form.member, item)

    @action(description="Unlock tier", permission=MAY_SET, icon="lock_open", dialog=_UNLOCK)
    def unlock_tier(self, request: StaffRequest, form: UnlockForm, object_id: str) -> HttpResponse:
        group = form.cleaned_data["tier_group"]
        held = Standing.objects.current().select_related("tier").get(member=form.member, group=group)
        item = _setting(form.member, form.cleaned_data, held.tier.code if held.tier else "")
        return self._post(request, form.member, item)

    def _post(self, request: StaffRequest, member: Member, item: TierSetting) -> HttpResponse:
        check_not_own(member, request.user)
        result = post(item, member.program, request.user)
        journal = journal_of(result.journal_id)
        log = f"{journal.get_kind_display()}: {item.why}"
        return self.admin.done(request, member, log=log, say=_said(journal, result))


def _setting(
    member: Member,
    cleaned: dict[str, Any],
    tier: str,
    until: date | None = None,
    locked_until: date | None = None,
) -> TierSetting:
    return TierSetting(
        external_id=cleaned["external_id"],
        member={"number": member.number},
        tier=tier,
        reason_type=cleaned["reason_type"],
        reason=cleaned["reason"],
        tier_group=cleaned["tier_group"].code,
        until=until,
        locked_until=locked_until,
    )


def _said(journal: Journal, result: Result) -> str:
    """What the member holds now, for who has just set it."""
    if result.status == "replayed":
        return f"{journal} was recorded already; nothing was set again."
    member = journal.member
    assert member is not None, "what is booked has a member"
    held = Standing.objects.current().select_related("tier", "group").get(member=member, caused_by=journal.pk)
    days = [
        f" {word} {instants.full_day(instants.last_day(end, journal.program.zone))}"
        for word, end in (("through", held.valid_until), ("and locked through", held.locked_until))
        if end
    ]
    return f"{held.group.name}: {held.tier or 'no tier'}{''.join(days)}."


site.extend(Member, TierActions)
