"""How does a ladder begin to count otherwise? A page of the ladder: asked how, shown what happens, and done."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from loyalty_site.lib.admin import (
    Button,
    Extension,
    ModelAdmin,
    StaffRequest,
    Subpage,
    action,
    dressed,
    found,
    site,
    widgets,
)
from loyalty_site.lib.panels import Panel, Sentences, Table, Tile, Tiles, address_of, link, points
from loyalty_site.lib.refusals import Refused
from programs.ladders import Counts
from programs.models import Currency, TierGroup
from transactions.admin import job_pages
from transactions.admin.job_pages import GO_ON, SHOW_AGAIN, reached
from transactions.models import NightRun
from transactions.policies import recounting

#: Who may change what a program promises.
PERMISSION = "programs.change_tiergroup"

_SHOW = Button("show", "Show what would happen")
_AGREE = Button("agreed", "Count it so from now on")
#: What is asked, as the columns of a TierGroup are called.
_SETTINGS = ("model", "cycle_start", "window", "window_unit", "currency")


class RecountForm(forms.Form):
    """`shown` is the version of the program, and what was asked, of which the preview was made."""

    model = dressed(forms.ChoiceField(choices=TierGroup.Model.choices))
    cycle_start = dressed(forms.CharField(max_length=5, help_text="Calendar: the first day of a cycle, as MM-DD."))
    window = dressed(forms.IntegerField(min_value=1, max_value=3650, help_text="Rolling: so many months or days."))
    window_unit = dressed(forms.ChoiceField(choices=TierGroup.Unit.choices))
    currency = dressed(forms.ModelChoiceField(Currency.objects.none(), required=False), simple=True)
    further_currencies = forms.ModelMultipleChoiceField(
        Currency.objects.none(), required=False, widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget
    )
    reason = dressed(forms.CharField(max_length=200, help_text="Kept with the job; members and auditors will ask."))
    shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, group: TierGroup) -> None:
        further = [currency.pk for currency in group.further_currencies.all()]
        known = {name: getattr(group, name) for name in _SETTINGS} | {"further_currencies": further}
        super().__init__(data, initial=known)
        own = Currency.objects.filter(program=group.program_id, kind=Currency.Kind.QUALIFYING)
        for name in ("currency", "further_currencies"):
            field: Any = self.fields[name]
            field.queryset = own

    def clean_further_currencies(self) -> QuerySet[Currency]:
        further: QuerySet[Currency] = self.cleaned_data["further_currencies"]
        if self.cleaned_data.get("currency") in further:
            raise ValidationError("This one is the first currency already.")
        return further

    def edit(self, group: TierGroup) -> None:
        """Save the ladder as it is asked for. Raises ValidationError."""
        row = TierGroup.objects.get(pk=group.pk)
        row.is_recounted = True
        for name in _SETTINGS:
            setattr(row, name, self.cleaned_data[name])
        row.full_clean()
        row.save()
        row.further_currencies.set(self.cleaned_data["further_currencies"])

    def asked(self, version: int) -> str:
        """What the preview is of, to be compared with what is agreed to."""
        further = sorted(currency.code for currency in self.cleaned_data["further_currencies"])
        return " ".join(str(one) for one in (version, *(self.cleaned_data[name] for name in _SETTINGS), *further))

    def refuse(self, error: ValidationError | Refused) -> None:
        """Show a refusal beside the field that is meant, or above the form."""
        if isinstance(error, Refused):
            field = error.refusal.field
            self.add_error(field if field in self.fields else None, error.refusal.detail)
            return
        for name, said in error.message_dict.items():
            for message in said:
                self.add_error(name if name in self.fields else None, message)


def _page(admin: ModelAdmin, request: StaffRequest, object_id: str) -> HttpResponse:
    group = found(TierGroup.objects.select_related("program", "currency"), object_id)
    job = recounting.jobs(group).filter(finished_at=None).first()
    if job:
        answer = _go_on if request.method == "POST" else _under_way
        return answer(admin, request, group, job)
    form = RecountForm(request.POST or None, group)
    if not form.is_valid():
        return _draw(admin, request, group, panels=[_what_it_does()], form=form, buttons=[_SHOW])
    reason = form.cleaned_data["reason"]
    try:
        seen = recounting.preview(group, lambda: form.edit(group))
        shown = form.asked(seen.before.version)
        if "agreed" in request.POST and form.cleaned_data["shown"] == shown:
            version = seen.before.version
            job = recounting.change(group, lambda: form.edit(group), reason=reason, shown=version, user=request.user)
            admin.log_change(request, group, f"Changed how it counts: {reason}")
            return _go_on(admin, request, group, job)
    except (ValidationError, Refused) as error:
        form.refuse(error)
        return _draw(admin, request, group, panels=[_what_it_does()], form=form, buttons=[_SHOW])
    form.data = request.POST.copy()
    form.data["shown"] = shown
    panels: list[Panel] = [*_plan(request, seen)]
    if "agreed" in request.POST:
        panels.insert(0, Sentences("Look again", ["This is what would happen now; it was not what you had seen."]))
    buttons = [SHOW_AGAIN] if seen.losses else [_AGREE, SHOW_AGAIN]
    return _draw(admin, request, group, panels=panels, form=form, buttons=buttons)


def _what_it_does() -> Sentences:
    return Sentences(
        "What a change of this does",
        [
            "What members have counted is counted anew from the ledger, for the new windows and currencies.",
            "Tiers stay, with the validity that they have; nobody is lowered by the change itself. Who had a tier "
            "for life gets the validity that the ladder gives from today.",
            "It is refused where members would lose something: counted points without a place in the new way, or "
            "surplus that opened their present cycle.",
            "How long tiers hold, and what follows, may be changed on the ladder's own page at any time: what "
            "members hold keeps its dates.",
        ],
    )


def _plan(request: StaffRequest, seen: recounting.Preview) -> Iterator[Panel]:
    if seen.losses:
        yield Sentences("Members would lose something, so it cannot be done", seen.losses)
    yield Tiles(
        [
            Tile("Other points count today", str(seen.changed), [f"of {seen.seen} members"]),
            Tile("Get a validity", str(seen.given_validity), ["hold a tier for life until now"]),
            Tile("Lowered", "0", ["by the change itself"]),
        ]
    )
    if seen.seen < seen.members:
        note = f"All {seen.members} members will be counted anew; these numbers are of the first {seen.seen}."
        yield Sentences("Not all of them are counted here", [note])
    rows = [
        [
            link(request, one.member, f"{one.member.number} {one.member.customer}"),
            one.tier.name if one.tier else "no tier",
            _counted(seen.before, seen.code, one.before),
            _counted(seen.after, seen.code, one.after),
        ]
        for one in seen.examples
    ]
    yield Table(
        "For example", ["Member", "Keeps", "Counts today", "Would count"], rows, empty="Nothing changes today."
    )


def _counted(configuration: Any, code: str, counts: Counts) -> str:
    criteria = configuration.tier_groups[code].criteria
    own = [configuration.currencies[name] for name in criteria]
    return ", ".join(f"{points(n, one)} {one.name}" for n, one in zip(counts, own, strict=True)) or "-"


def _go_on(admin: ModelAdmin, request: StaffRequest, group: TierGroup, job: NightRun) -> HttpResponse:
    done = job_pages.go_on(admin, request, job, recounting.KIND, recounting.work)
    if done:
        text = f"Done: what {done.counts['members']} members have counted is counted anew; they keep their tiers."
        admin.message_user(request, text, messages.SUCCESS)
    return HttpResponseRedirect(_address(group))


def _under_way(admin: ModelAdmin, request: StaffRequest, group: TierGroup, job: NightRun) -> HttpResponse:
    notes = [f"Why: {job.counts['reason']}", "Whoever posts for a member meanwhile counts that member first."]
    panels = [Sentences(f"Under way: {reached(job)}", notes)]
    return _draw(admin, request, group, panels=panels, form=None, buttons=[GO_ON])


def _draw(admin: ModelAdmin, request: StaffRequest, group: TierGroup, **context: Any) -> HttpResponse:
    title = f"Change how {group} counts, {group.program}"
    context |= {"row": group, "back": address_of(group)}
    return admin.draw(request, "admin/change_of_policy.html", title=title, **context)


def _address(group: TierGroup) -> str:
    return reverse("admin:programs_tiergroup_recounting", args=[group.pk])


class TierGroupRecounting(Extension[TierGroup]):
    """The page, and the way to it for those who may use it."""

    actions_detail = ["change_counting"]
    subpages = [Subpage(route="change-how-it-counts", name="recounting", permission=PERMISSION, view=_page)]

    @action(description="Change how it counts", permission=PERMISSION, icon="calculate")
    def change_counting(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(_address(found(TierGroup.objects.all(), object_id)))


site.extend(TierGroup, TierGroupRecounting)
