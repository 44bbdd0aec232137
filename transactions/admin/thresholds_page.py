"""How are new thresholds brought to members? A page of the ladder: shown whom they move, agreed to, done."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from loyalty_site.lib.admin import Button, Extension, ModelAdmin, StaffRequest, Subpage, action, dressed, found, site
from loyalty_site.lib.panels import Panel, Sentences, address_of
from loyalty_site.lib.refusals import Refused
from programs.models import TierGroup
from transactions.admin import job_pages, threshold_panels
from transactions.admin.job_pages import GO_ON, SHOW_AGAIN
from transactions.models import NightRun, Reevaluation
from transactions.policies import previewing, requests, thresholds

#: Who may see the page; who may ask, and who may agree, is told apart below.
_VIEW = "programs.view_tiergroup"
#: Who may change what a program promises.
PERMISSION = "programs.change_tiergroup"

_EFFECTS = [("upgrades", "Upgrades now: nobody goes down"), ("full", "Full re-evaluation: up and down")]
_SHOW = Button("show", "Show who would move")
_RAISE = Button("agreed", "Raise these members")
_ASK = Button("agreed", "Ask somebody else to agree")
_APPROVE = Button("approve", "Agree: move these members")
_REJECT = Button("reject", "Reject", variant="default")
_WITHDRAW = Button("reject", "Withdraw", variant="default")


class ApplyForm(forms.Form):
    """`shown` is the version of the program, and the effect, of which the preview was made."""

    effect = dressed(forms.ChoiceField(choices=_EFFECTS))
    reason = dressed(forms.CharField(max_length=200, help_text="Kept with each tier that changes."))
    shown = forms.CharField(required=False, widget=forms.HiddenInput)


class DecideForm(forms.Form):
    """What the one who decides wants to say; `asked` is the request that was shown."""

    note = dressed(forms.CharField(max_length=200, required=False, help_text="A rejection has to say why."))
    asked = forms.IntegerField(
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid"), "This answers no request: open the page again."),
    )

    def __init__(self, group: TierGroup, data: Any = None) -> None:
        super().__init__(data)
        self._group = group

    def clean_asked(self) -> int:
        """The key of a request for this ladder: of another one nobody has seen whom it moves."""
        key: int = self.cleaned_data["asked"]
        if not Reevaluation.objects.filter(group=self._group, pk=key).exists():
            raise forms.ValidationError("There is no such request for this ladder: open the page again.")
        return key


def _may_ask(request: StaffRequest) -> bool:
    return request.user.has_perm(PERMISSION)


def _may_decide(request: StaffRequest) -> bool:
    return request.user.has_perm(requests.PERMISSION)


def _page(admin: ModelAdmin, request: StaffRequest, object_id: str) -> HttpResponse:
    group = found(TierGroup.objects.select_related("program"), object_id)
    if not _may_ask(request) and not _may_decide(request):
        raise PermissionDenied
    job = thresholds.jobs(group).filter(finished_at=None).first()
    if job:
        answer = _go_on if request.method == "POST" else _under_way
        return answer(admin, request, group, job)
    asked = requests.waiting(group)
    form = DecideForm(group, request.POST if {"approve", "reject"} & request.POST.keys() else None)
    if answer_to_request := _answer(admin, request, group, form):
        return answer_to_request
    if asked:
        return _decide(admin, request, group, asked, form)
    if form.is_bound:
        for errors in form.errors.values():
            admin.message_user(request, " ".join(map(str, errors)), messages.ERROR)
        return HttpResponseRedirect(_address(group))
    if not _may_ask(request):
        panels = [Sentences("Nothing to decide", ["No re-evaluation of this ladder waits for somebody to agree."])]
        return _draw(admin, request, group, panels=panels, form=None, buttons=[])
    return _ask(admin, request, group)


def _ask(admin: ModelAdmin, request: StaffRequest, group: TierGroup) -> HttpResponse:
    """Show who would move, and do it, or ask for it, when that was seen."""
    form = ApplyForm(request.POST or None)
    if not form.is_valid():
        panels = [threshold_panels.effects(), *threshold_panels.finished(request, group)]
        return _draw(admin, request, group, panels=panels, form=form, buttons=[_SHOW])
    effect, reason = form.cleaned_data["effect"], form.cleaned_data["reason"]
    try:
        version = thresholds.check_ready(group, reason).version
        is_seen = form.cleaned_data["shown"] == f"{effect} {version}"
        if "agreed" in request.POST and is_seen and effect == "upgrades":
            job = thresholds.start(group, reason=reason, user=request.user)
            admin.log_change(request, group, f"Raised members by the thresholds of today: {reason}")
            return _go_on(admin, request, group, job)
        seen = previewing.preview(group, effect)
        if "agreed" in request.POST and is_seen:
            requests.request(group, seen, reason=reason, user=request.user)
            admin.log_change(request, group, f"Asked for a full re-evaluation: {reason}")
            admin.message_user(request, "Somebody else has to agree now; until then nobody moves.", messages.SUCCESS)
            return HttpResponseRedirect(_address(group))
    except Refused as refused:
        field = refused.refusal.field
        form.add_error(field if field in form.fields else None, refused.refusal.detail)
        return _draw(admin, request, group, panels=[threshold_panels.effects()], form=form, buttons=[_SHOW])
    return _shown(admin, request, group, seen, reason)


def _shown(
    admin: ModelAdmin, request: StaffRequest, group: TierGroup, seen: previewing.Preview, reason: str
) -> HttpResponse:
    panels: list[Panel] = [*threshold_panels.plan(request, seen)]
    if "agreed" in request.POST:
        panels.insert(0, Sentences("Look again", ["This is what would happen now; it was not what you had seen."]))
    form = ApplyForm({"effect": seen.effect, "reason": reason, "shown": f"{seen.effect} {seen.version}"})
    agree = _RAISE if seen.effect == "upgrades" else _ASK
    buttons = [agree, SHOW_AGAIN] if seen.moves or not seen.is_whole else [SHOW_AGAIN]
    return _draw(admin, request, group, panels=panels, form=form, buttons=buttons)


def _answer(admin: ModelAdmin, request: StaffRequest, group: TierGroup, form: DecideForm) -> HttpResponse | None:
    """Do what the one who decides says; None if nothing was said, or it was refused, which the form then says."""
    if not form.is_valid():
        return None
    key, note = form.cleaned_data["asked"], form.cleaned_data["note"]
    try:
        if "approve" in request.POST:
            agreed = requests.approve(key, request.user, note=note)
            assert agreed.job is not None, "what is agreed to has a job"
            admin.log_change(request, group, f"Agreed to a full re-evaluation: {agreed.reason}")
            return _go_on(admin, request, group, agreed.job)
        done = requests.reject(key, request.user, note=note)
    except Refused as refused:
        form.add_error("note" if refused.refusal.field == "note" else None, refused.refusal.detail)
        return None
    admin.log_change(request, group, f"{done.get_status_display()} a full re-evaluation: {done.note}")
    admin.message_user(request, f"{done.get_status_display()}: nobody was moved.", messages.SUCCESS)
    return HttpResponseRedirect(_address(group))


def _decide(
    admin: ModelAdmin, request: StaffRequest, group: TierGroup, asked: Reevaluation, form: DecideForm
) -> HttpResponse:
    """Show anew whom the request would move."""
    # What is decided next is what this page shows.
    form.data = {**form.data, "asked": str(asked.pk)} if form.is_bound else form.data
    form.fields["asked"].initial = str(asked.pk)
    is_stale, is_own = requests.is_stale(asked), asked.requested_by_id == request.user.pk
    seen = previewing.preview(group, "full")
    panels = [threshold_panels.waiting(asked, is_stale=is_stale), *threshold_panels.plan(request, seen)]
    buttons = [_WITHDRAW] if is_own else []
    if not is_own and _may_decide(request):
        buttons = [_REJECT] if is_stale else [_APPROVE, _REJECT]
    return _draw(admin, request, group, panels=panels, form=form if buttons else None, buttons=buttons)


def _go_on(admin: ModelAdmin, request: StaffRequest, group: TierGroup, job: NightRun) -> HttpResponse:
    done = job_pages.go_on(admin, request, job, thresholds.KIND, thresholds.work)
    if done and not done.error:
        admin.message_user(request, threshold_panels.done(done), messages.SUCCESS)
    return HttpResponseRedirect(_address(group))


def _under_way(admin: ModelAdmin, request: StaffRequest, group: TierGroup, job: NightRun) -> HttpResponse:
    panels = [threshold_panels.under_way(job), *threshold_panels.finished(request, group)]
    return _draw(admin, request, group, panels=panels, form=None, buttons=[GO_ON])


def _draw(admin: ModelAdmin, request: StaffRequest, group: TierGroup, **context: Any) -> HttpResponse:
    title = f"Apply the thresholds of {group} to members now, {group.program}"
    context |= {"row": group, "back": address_of(group)}
    return admin.draw(request, "admin/change_of_policy.html", title=title, **context)


def _address(group: TierGroup) -> str:
    return reverse("admin:programs_tiergroup_thresholds", args=[group.pk])


class TierGroupThresholds(Extension[TierGroup]):
    """The page, and the way to it for those who may use it."""

    actions_detail = ["apply_thresholds"]
    subpages = [Subpage(route="apply-thresholds", name="thresholds", permission=_VIEW, view=_page)]

    @action(description="Apply the thresholds to members now", permission=_VIEW, icon="move_up")
    def apply_thresholds(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(_address(found(TierGroup.objects.all(), object_id)))

    def offered(self, request: StaffRequest, object_id: str) -> list[str]:
        return ["apply_thresholds"] if _may_ask(request) or _may_decide(request) else []

    def panels(self, request: StaffRequest, row: TierGroup) -> list[Panel]:
        asked = requests.waiting(row)
        if asked is None:
            return []
        who = asked.requested_by.get_username()
        return [Sentences("To decide", [f"{who} asks that members are moved up and down: {asked.reason}"])]


site.extend(TierGroup, TierGroupThresholds)
