"""How does somebody agree to the downgrades of a night? A page of the tier group: seen, excepted, agreed to, done."""

from collections.abc import Collection
from datetime import date
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from loyalty_site.lib import instants
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
from loyalty_site.lib.instants import full_day
from loyalty_site.lib.panels import Panel, Sentences, Table, Tile, Tiles, address_of, link
from loyalty_site.lib.refusals import Refused
from members.models import Member, Standing
from programs import versions
from programs.models import TierGroup
from transactions.admin import tonight_panels
from transactions.admin.job_pages import AT_ONCE_S, GO_ON
from transactions.admin.pages_of_lists import Pages
from transactions.models import DowngradeDecision
from transactions.outlook import waiting
from transactions.reviews import downgrades
from transactions.reviews.shown import pack, unpack

SIZE, MOST_PAGES = 50, 2000
#: Exceptions of one decision; a line has a number and a reason.
_LONGEST = 100_000


_OPEN_AGAIN = "This does not say which list it agrees to: open the page again."
_AGREE = Button("agreed", "Agree to this list")


class DecisionForm(forms.Form):
    """Who is excepted, and `shown`: the list as it was on the page."""

    excepted = dressed(
        forms.CharField(
            required=False,
            max_length=_LONGEST,
            label="Exceptions",
            help_text="One line for each: the member's number, a space, and why the tier is held on.",
            widget=forms.Textarea,
        )
    )
    shown = forms.CharField(widget=forms.HiddenInput, error_messages={"required": _OPEN_AGAIN})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["excepted"].widget = widgets.UnfoldAdminTextareaWidget(attrs={"rows": 4})

    def clean_excepted(self) -> dict[str, str]:
        """Reasons by member number."""
        lines = [line.strip() for line in self.cleaned_data["excepted"].splitlines() if line.strip()]
        found: dict[str, str] = {}
        for line in lines:
            number, *reason = line.split(maxsplit=1)
            if not reason:
                raise forms.ValidationError(f"Say behind {number} why the tier is held: it is written down.")
            if number in found:
                raise forms.ValidationError(f"{number} stands there twice.")
            found[number] = reason[0]
        return found

    def clean_shown(self) -> list[int]:
        """The keys of the standings that were on the page."""
        try:
            return unpack(self.cleaned_data["shown"])
        except ValueError as error:
            raise forms.ValidationError(_OPEN_AGAIN) from error


def _page(admin: ModelAdmin, request: StaffRequest, object_id: str) -> HttpResponse:
    group = found(TierGroup.objects.select_related("program__owner"), object_id)
    lists = downgrades.lists(group)
    day = instants.day(request.GET.get("day", "")) or (lists[0].day if lists else None)
    under_way = DowngradeDecision.objects.filter(group=group, day=day, finished_at=None).first() if day else None
    if under_way:
        if request.method == "POST":
            return _go_on(admin, request, group, under_way)
        left = Sentences("Under way", ["Somebody agreed to this list; it is not done yet. A worker goes on with it."])
        return _draw(admin, request, group, panels=[left, *_lists(group, lists)], form=None, buttons=[GO_ON])
    form = DecisionForm(request.POST) if request.method == "POST" else None
    if form and form.is_valid() and day:
        try:
            said = form.cleaned_data
            decision = downgrades.decide(
                group, day, user=request.user, shown=said["shown"], excepted=said["excepted"]
            )
        except Refused as refused:
            field = refused.refusal.field
            form.add_error(field if field in form.fields else None, refused.refusal.detail)
        else:
            admin.log_change(request, group, f"Agreed to the downgrades of {full_day(day)}.")
            return _go_on(admin, request, group, decision)
    return _shown(admin, request, group, lists, day, form)


def _shown(
    admin: ModelAdmin,
    request: StaffRequest,
    group: TierGroup,
    lists: list[downgrades.Waiting],
    day: date | None,
    refused: DecisionForm | None,
) -> HttpResponse:
    """The list of a day, and what is asked about it; `refused` is what was sent."""
    rows = downgrades.on_list(group, day) if day else Standing.objects.none()
    keys = list(rows.values_list("pk", flat=True))
    number = Pages.asked(request, most=MOST_PAGES)
    part = keys[(number - 1) * SIZE : number * SIZE]
    panels: list[Panel] = [*_lists(group, lists)]
    if day:
        panels += [_tiles(group, day, len(keys)), _table(request, group, part)]
    form = refused or DecisionForm()
    # What is agreed to next is what this page shows.
    form.data = {"excepted": form.data.get("excepted", ""), "shown": pack(keys)} if refused else form.data
    form.initial["shown"] = pack(keys)
    return _draw(
        admin,
        request,
        group,
        panels=panels,
        form=form if keys else None,
        errors=form.non_field_errors() if refused else [],
        buttons=[_AGREE] if keys else [],
        pages=Pages(request, number, size=SIZE, of=len(keys), most=MOST_PAGES),
    )


def _lists(group: TierGroup, lists: list[downgrades.Waiting]) -> list[Panel]:
    if not lists:
        return [Sentences("Nobody waits", ["There is no downgrade in this group that waits for agreement."])]
    rows = [[link_to_list(group, one), f"{one.members:,}"] for one in lists]
    return [Table("Lists that wait", ["List of", "Members"], rows)] if len(lists) > 1 else []


def link_to_list(group: TierGroup, one: downgrades.Waiting) -> str:
    """A link to the page of a list."""
    where = f"{_address(group)}?day={one.day.isoformat()}"
    return format_html('<a class="text-link" href="{}">{}</a>', where, full_day(one.day))


def _tiles(group: TierGroup, day: date, members: int) -> Tiles:
    moves = downgrades.on_list(group, day).order_by().values_list("tier__name", "proposed__name")
    counted = moves.annotate(members=Count("pk")).order_by("-members")
    tiles = [
        Tile(f"{before} → {after or 'no tier'}", f"{count:,}", colour="#dc2626") for before, after, count in counted
    ]
    return Tiles([Tile(f"List of {full_day(day)}", f"{members:,}", ["wait for agreement"], colour="#d97706"), *tiles])


def _table(request: StaffRequest, group: TierGroup, keys: Collection[int]) -> Table:
    configuration = versions.of(group.program)
    standings = Standing.objects.filter(pk__in=keys).select_related("member__customer")
    members: dict[int, Member] = {standing.member_id: standing.member for standing in standings}
    ladder = configuration.tier_groups[group.code]
    rows = [
        [
            link(request, members[one.member_id], one.number),
            str(members[one.member_id].customer),
            tonight_panels.name_of(ladder, one.before),
            tonight_panels.name_of(ladder, one.after),
            tonight_panels.missing(configuration, one),
        ]
        for one in waiting.rows(configuration, group.code, members, timezone.now())
    ]
    return Table("Who would be lowered", ["Member", "Name", "From", "To", "Missing"], rows, empty="Nobody.")


def _go_on(admin: ModelAdmin, request: StaffRequest, group: TierGroup, decision: DowngradeDecision) -> HttpResponse:
    """Work at the decision for a moment, and leave the rest to a worker."""
    decision = downgrades.advance(decision, for_s=AT_ONCE_S)
    if decision.finished_at:
        admin.message_user(request, _said(decision), messages.SUCCESS)
    else:
        transaction.on_commit(partial(downgrades.work.delay, decision.pk), robust=True)
        admin.message_user(request, "It has begun and goes on in the background.", messages.INFO)
    return HttpResponseRedirect(_address(group))


def _said(decision: DowngradeDecision) -> str:
    counts = decision.counts
    said = [f"Done: {counts['lowered']} lowered, {counts['excepted']} held on."]
    if counts["left_out"]:
        said.append(f"{counts['left_out']} had been renewed or changed meanwhile and were left out.")
    if counts["own"]:
        said.append("Your own membership was left out: somebody else has to decide about it.")
    if counts["newcomers"]:
        said.append(f"{counts['newcomers']} came after the list was shown; they wait for the next list.")
    if counts["failed"]:
        said.append(f"{counts['failed']} could not be booked; they wait for the next list, and the log says why.")
    return " ".join(said)


def _draw(admin: ModelAdmin, request: StaffRequest, group: TierGroup, **context: Any) -> HttpResponse:
    title = f"Downgrades of {group}, {group.program}"
    context |= {"group": group, "back": address_of(group)}
    return admin.draw(request, "admin/programs/downgrades.html", title=title, **context)


def _address(group: TierGroup) -> str:
    return reverse("admin:programs_tiergroup_downgrades", args=[group.pk])


class TierGroupDowngrades(Extension[TierGroup]):
    """The page, and the way to it for those who may decide."""

    actions_detail = ["see_waiting"]
    subpages = [Subpage(route="downgrades", name="downgrades", permission=downgrades.PERMISSION, view=_page)]

    @action(description="Waiting downgrades", permission=downgrades.PERMISSION, icon="stairs")
    def see_waiting(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(_address(found(TierGroup.objects.all(), object_id)))


site.extend(TierGroup, TierGroupDowngrades)
