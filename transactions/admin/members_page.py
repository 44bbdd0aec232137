"""How are members brought from another system in the back office? A file is tried, seen, agreed to, then done."""

import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from loyalty_site.lib import money
from loyalty_site.lib.admin import Button, Extension, ModelAdmin, StaffRequest, Subpage, action, dressed, found, site
from loyalty_site.lib.panels import Panel, Sentences, Table, Tile, Tiles, address_of
from loyalty_site.lib.refusals import Refused
from programs.models import Program
from transactions import imports
from transactions.imports import members

PERMISSION = "members.import_members"
#: Bytes that a request works through without letting the browser wait too long: some ten thousand balances.
LARGEST_FILE = 500_000
#: So many lines of the report are shown; the command writes all of them.
MOST_SHOWN = 200
#: For so long may somebody look at what would happen before they agree.
_VALID_S = 3600
_OWN = "own"
_COMMAND = "manage.py import_members FILE --program {code} --mapping MAPPING"


_TRY = Button("try", "Show what would happen")
_AGREE = Button("agreed", "Bring these members in")


class ImportForm(forms.Form):
    """Which file is read, by which mapping, and what the mapping leaves to choose."""

    file = dressed(forms.FileField(help_text="A CSV file of at most 500 kB, as the other system exports it."))
    mapping = dressed(forms.ChoiceField(help_text="The system that has written the file."))
    own_mapping = dressed(
        forms.FileField(required=False, help_text="JSON, where the file is of another system; see the documentation.")
    )
    mode = dressed(
        forms.ChoiceField(
            choices=[
                ("", "As the mapping says"),
                ("add", "Add to what members have here"),
                ("set", "Make balances what the file says"),
            ],
            required=False,
            label="Balances",
        )
    )
    rounding = dressed(
        forms.ChoiceField(
            choices=[
                ("", "As the mapping says"),
                ("refuse", "Refuse the row"),
                ("currency", "Round as the currency does"),
                ("floor", "Down"),
                ("half_up", "To the nearest, halves up"),
                ("ceil", "Up"),
            ],
            required=False,
            label="Fractions of points",
        )
    )
    source = dressed(
        forms.CharField(
            required=False,
            max_length=60,
            help_text="What the other system is called; each member brings a balance from it once. Empty: as the "
            "mapping says.",
        )
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast(forms.ChoiceField, self.fields["mapping"])
        choice.choices = [("", "---------"), *members.titles().items(), (_OWN, "Another one, by a mapping of my own")]

    def clean_file(self) -> "UploadedFile[bytes]":
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST_FILE:
            command = _COMMAND.format(code="CODE")
            large = f"The file has more than {LARGEST_FILE // 1000} kB."
            raise forms.ValidationError(f"{large} Larger files are brought in by the command {command}.")
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                self._choose(cleaned)
            except imports.BadMapping as error:
                for problem in error.problems:
                    self.add_error("mapping", f"{problem.path or 'mapping'}: {problem.message}")
        return cleaned

    def _choose(self, cleaned: dict[str, Any]) -> None:
        """The texts of which the mapping is made, once it is known that it can be used. Raises BadMapping."""
        own = cleaned["own_mapping"].read().decode(errors="replace") if cleaned["own_mapping"] else ""
        if cleaned["mapping"] == _OWN and not own:
            self.add_error("own_mapping", "Choose the file with your mapping.")
            return
        self.job = _Job(
            name=cleaned["file"].name,
            content=cleaned["file"].read().decode("latin-1"),
            mapping=cleaned["mapping"],
            own=own if cleaned["mapping"] == _OWN else "",
            mode=cleaned["mode"],
            rounding=cleaned["rounding"],
            source=cleaned["source"],
        )
        self.job.read_mapping()


@dataclass(frozen=True, slots=True)
class _Job:
    """What was shown, and is done once somebody agrees: it travels with the page, signed."""

    name: str
    content: str
    mapping: str
    own: str
    mode: str
    rounding: str
    source: str

    def read_mapping(self) -> members.MemberMapping:
        """The mapping with what was chosen. Raises BadMapping."""
        found = members.read(self.own.encode()) if self.own else members.named(self.mapping)
        if found is None:
            raise forms.ValidationError("There is no such mapping.")
        return members.with_choices(found, mode=self.mode, rounding=self.rounding, source=self.source)

    def sign(self, salt: str) -> str:
        values = {name: getattr(self, name) for name in self.__slots__}
        return signing.dumps(values, salt=salt, compress=True)

    def run(
        self, program: Program, request: StaffRequest, *, dry_run: bool
    ) -> tuple[members.Outcome, list[list[str]]]:
        """(what became of the file, the rows of its report). Raises imports.Unusable, Refused."""
        with tempfile.TemporaryDirectory() as folder:
            path, report = Path(folder, "members.csv"), Path(folder, "report.csv")
            path.write_bytes(self.content.encode("latin-1"))
            outcome = members.run(
                path, program=program, mapping=self.read_mapping(), report=report, dry_run=dry_run, user=request.user
            )
            with open(report, encoding="utf-8-sig", newline="") as file:
                return outcome, list(csv.reader(file))[1:]


def _page(admin: ModelAdmin, request: StaffRequest, object_id: str) -> HttpResponse:
    program = found(Program.objects.select_related("owner"), object_id)
    try:
        if "agreed" in request.POST:
            return _bring(admin, request, program)
        form = ImportForm(request.POST or None, request.FILES or None)
        if request.method != "POST" or not form.is_valid():
            return _draw(admin, request, program, panels=[_about()], form=form, buttons=[_TRY])
        outcome, report = form.job.run(program, request, dry_run=True)
    except (imports.Unusable, Refused) as error:
        panels: list[Panel] = [Sentences("Nothing can be taken", [str(error)])]
        return _draw(admin, request, program, panels=panels, form=ImportForm(), buttons=[_TRY])
    panels = [_tiles(outcome, would="would be "), *_report(outcome, report)]
    buttons = [_AGREE] if outcome.posted else []
    job = form.job.sign(_salt(request, program))
    return _draw(admin, request, program, panels=panels, form=None, buttons=buttons, job=job, name=form.job.name)


def _bring(admin: ModelAdmin, request: StaffRequest, program: Program) -> HttpResponse:
    """Do what was shown."""
    try:
        values = signing.loads(request.POST.get("job", ""), salt=_salt(request, program), max_age=_VALID_S)
    except signing.BadSignature:
        admin.message_user(request, "That was shown too long ago; choose the file again.", messages.WARNING)
        return HttpResponseRedirect(_address(program))
    job = _Job(**values)
    outcome, report = job.run(program, request, dry_run=False)
    said = f"Brought in members from {job.name}: {outcome.posted:,} rows, {outcome.enrolled:,} enrolled."
    admin.log_change(request, program, said)
    admin.message_user(request, said, messages.SUCCESS)
    panels = [_tiles(outcome, would=""), *_report(outcome, report)]
    return _draw(admin, request, program, panels=panels, form=None, buttons=[], name=job.name)


def _salt(request: StaffRequest, program: Program) -> str:
    """Nobody agrees to what somebody else was shown, or for another program."""
    return f"import members {request.user.pk} {program.pk}"


def _about() -> Panel:
    return Sentences(
        "Before you begin",
        [
            "Nothing is written before you have seen what would happen.",
            "The same file twice changes nothing: each member brings a balance from each source once.",
            "Balances that are brought along never count as earned, and use up no cap.",
            f"Larger files are brought in by the command {_COMMAND.format(code='CODE')}.",
        ],
    )


def _tiles(outcome: members.Outcome, *, would: str) -> Panel:
    return Tiles(
        [
            Tile("Rows", f"{outcome.rows:,}"),
            Tile("Brought in", f"{outcome.posted:,}", notes=[f"{outcome.enrolled:,} {would}enrolled"]),
            Tile("Recorded before", f"{outcome.replayed:,}"),
            Tile("Refused", f"{outcome.refused:,}"),
            Tile(
                outcome.currency or "Points",
                money.render(outcome.points, outcome.decimals),
                notes=[f"{would}moved", *outcome.others, *_rounded(outcome)],
            ),
        ]
    )


def _rounded(outcome: members.Outcome) -> list[str]:
    return [f"{outcome.rounded:,} rows had fractions, which are rounded"] if outcome.rounded else []


def _report(outcome: members.Outcome, report: list[list[str]]) -> list[Panel]:
    title = "What is wrong, by line of the file"
    if len(report) > MOST_SHOWN:
        title += f" (the first {MOST_SHOWN} of {len(report):,})"
    headers = ["Line", "Field", "Code", "Problem"]
    return [Table(title, headers, report[:MOST_SHOWN], empty="Nothing: every row can be taken.")]


def _draw(admin: ModelAdmin, request: StaffRequest, program: Program, **context: Any) -> HttpResponse:
    title = f"Bring members into {program}"
    context |= {"program": program, "back": address_of(program), "again": _address(program)}
    return admin.draw(request, "admin/programs/import_members.html", title=title, **context)


def _address(program: Program) -> str:
    return reverse("admin:programs_program_import_members", args=[program.pk])


class ProgramImport(Extension[Program]):
    """The page, and the way to it for those who may use it."""

    actions_detail = ["bring_members"]
    subpages = [Subpage(route="import-members", name="import_members", permission=PERMISSION, view=_page)]

    @action(description="Bring in members", permission=PERMISSION, icon="group_add")
    def bring_members(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(_address(found(Program.objects.all(), object_id)))


site.extend(Program, ProgramImport)
