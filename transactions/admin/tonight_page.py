"""What will the night of a day do to a program's members? A page with counts, a list with filters, and a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from loyalty_site.lib import csv_lines
from loyalty_site.lib.admin import Button, Extension, ModelAdmin, StaffRequest, Subpage, action, dressed, found, site
from loyalty_site.lib.instants import full_day
from loyalty_site.lib.panels import Panel, Sentences, address_of
from loyalty_site.lib.refusals import Refused
from programs.models import Program
from transactions.admin import job_pages, tonight_panels, tonight_sources
from transactions.admin.pages_of_lists import Pages
from transactions.admin.tonight_sources import Source
from transactions.outlook import as_csv, storing, tonight
from transactions.outlook.coming import KINDS
from transactions.outlook.tonight import Outlook, Wanted

PERMISSION = "members.view_member"

#: Rows of one page, and how many pages there are: who wants more takes the file.
SIZE, MOST_PAGES = 50, 40
#: So often, in seconds, the page renews itself while it is computed what it shows.
RENEW_S = 5

_LARGEST = 10**15


class TonightForm(forms.Form):
    """Which day, and what of it is listed; empty is all. Points are counted in the smallest unit of the currency."""

    day = dressed(forms.DateField(required=False, help_text="What falls due up to its end; empty: tonight."))
    kind = dressed(forms.ChoiceField(required=False, choices=[("", "All"), *KINDS.items()]))
    group = forms.ChoiceField(required=False, label="Tier group")
    before = forms.ChoiceField(required=False, label="From tier")
    after = forms.ChoiceField(required=False, label="To tier")
    missing = dressed(
        forms.IntegerField(
            required=False,
            min_value=0,
            max_value=_LARGEST,
            label="At most so many points missing",
            help_text="Members who could still be saved, those who miss least first.",
        )
    )

    def __init__(self, program: Program, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        groups = list(program.tier_groups.prefetch_related("tiers"))
        tiers = {tier.code: tier.name for group in groups for tier in group.tiers.all()}
        choices: dict[str, Sequence[tuple[str, str]]] = {
            "group": [(group.code, group.name) for group in groups],
            "before": list(tiers.items()),
            "after": list(tiers.items()),
        }
        for name, offered in choices.items():
            field = forms.ChoiceField(required=False, label=self.fields[name].label, choices=[("", "All"), *offered])
            self.fields[name] = dressed(field)

    @property
    def day_meant(self) -> date | None:
        """The day that was chosen, None for today."""
        day: date | None = self.cleaned_data.get("day")
        return day

    @property
    def wanted(self) -> Wanted:
        """What is listed."""
        said = self.cleaned_data
        return Wanted(said["kind"], said["group"], said["before"], said["after"], most_missing=said["missing"])


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the page has to say below its form; `buttons` compute what cannot be computed while somebody waits."""

    panels: Sequence[Panel] = ()
    pages: Pages | None = None
    file: str = ""
    buttons: Sequence[Button] = ()


def _page(admin: ModelAdmin, request: StaffRequest, object_id: str) -> HttpResponseBase:
    program = found(Program.objects.select_related("owner"), object_id)
    form = TonightForm(program, request.GET)
    shown, is_under_way = _Shown(), False
    if form.is_valid():
        try:
            outlook = tonight.of(program, form.day_meant)
            if request.method == "POST":
                return _compute(admin, request, program, outlook)
        except Refused as refused:
            form.add_error("day" if refused.refusal.field == "day" else None, refused.refusal.detail)
        else:
            source = tonight_sources.of(program, outlook)
            if "csv" in request.GET and source.is_there:
                return _file(outlook, source, form.wanted)
            shown, is_under_way = _shown(request, program, source, form.wanted), bool(source.under_way)
    title = f"Tonight, {program}"
    context: dict[str, Any] = {"form": form, **{one.name: getattr(shown, one.name) for one in fields(shown)}}
    response = admin.draw(
        request, "admin/programs/tonight.html", title=title, program=program, back=address_of(program), **context
    )
    if is_under_way:
        response["Refresh"] = str(RENEW_S)
    return response


def _shown(request: StaffRequest, program: Program, source: Source, wanted: Wanted) -> _Shown:
    said = Sentences(
        full_day(source.outlook.day), [*tonight_panels.about(source.outlook), *source.said(program.zone)]
    )
    if not source.is_there:
        return _Shown([said], buttons=source.buttons)
    number = Pages.asked(request, most=MOST_PAGES)
    seen = source.listed(wanted, first=(number - 1) * SIZE, size=SIZE)
    pages = Pages(request, number, size=SIZE, of=seen.wanted, most=MOST_PAGES)
    query = request.GET.copy()
    query.pop("page", None)
    query["csv"] = "1"
    panels = [said, *tonight_panels.of(request, program, source.outlook, seen)]
    return _Shown(panels, pages, f"?{query.urlencode()}", source.buttons)


def _compute(admin: ModelAdmin, request: StaffRequest, program: Program, outlook: Outlook) -> HttpResponseBase:
    """Begin to compute, or go on with it; the page of the same day and filters shows what came of it."""
    job = storing.start(program, outlook.day, user=request.user)
    done = job_pages.go_on(admin, request, job, storing.KIND, storing.work)
    if done and not done.error:
        admin.message_user(request, "Computed: this is what it was a moment ago.", messages.SUCCESS)
    return HttpResponseRedirect(request.get_full_path())


def _file(outlook: Outlook, source: Source, wanted: Wanted) -> HttpResponseBase:
    lines = as_csv.lines(outlook.configuration, source.comings(wanted))
    return csv_lines.download(lines, f"{outlook.configuration.code}-{outlook.day.isoformat()}")


def address(program_id: int) -> str:
    """Where the page of a program is."""
    return reverse("admin:programs_program_tonight", args=[program_id])


class ProgramTonight(Extension[Program]):
    """The page, and the way to it."""

    actions_detail = ["see_tonight"]
    subpages = [Subpage(route="tonight", name="tonight", permission=PERMISSION, view=_page)]

    @action(description="Tonight", permission=PERMISSION, icon="bedtime")
    def see_tonight(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(address(found(Program.objects.all(), object_id).pk))


site.extend(Program, ProgramTonight)
