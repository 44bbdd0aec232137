"""Which memberships became one, what came along, and how is it undone?"""

from collections.abc import Collection, Iterable, Mapping

from django import forms
from django.contrib import admin
from django.http import HttpResponse

from loyalty_site.lib.admin import (
    Dialog,
    RangeDateTimeFilter,
    StaffRequest,
    action,
    dialog,
    display,
    found,
    names_one_of,
)
from loyalty_site.lib.panels import Panel, Sentences, Tile, Tiles, link, moment
from members.admin.found_by_member import MemberFactAdmin
from members.models import Merge
from programs.models import Program
from transactions.admin.wording import points_in_words
from transactions.merging import unmerges
from transactions.merging.double_bonuses import Bonus


class UndoForm(Dialog):
    """Whether what is left is split where points are missing."""

    split = forms.BooleanField(
        required=False,
        label="Split what is left",
        help_text="When points were spent meanwhile: give back what is left of them, instead of refusing.",
    )


_UNDO = dialog(
    "Undo this merge",
    "The member gets back what it brought. What came after the merge stays where it is.",
    "Undo the merge",
    UndoForm,
)


@admin.register(Merge)
class MergeAdmin(MemberFactAdmin):
    """Memberships that became one, found by the member that remained."""

    icon, place = "merge", 7
    list_display = ["id", "source", "target", "merged", "undone", "reason", "user"]
    list_filter = [["merged_at", RangeDateTimeFilter], ["undone_at", RangeDateTimeFilter]]
    list_select_related = ["source__customer", "target__customer", "target__program", "user"]
    search_help_text = "Number, card, e-mail, phone or last name of the member that remained, or its start."
    fields = [("source", "target"), ("merged", "undone"), ("reason", "merged_by")]
    actions_detail = ["undo"]
    member_path = "target"

    @display(description="merged")
    def merged(self, merge: Merge) -> str:
        return moment(merge.merged_at, merge.target.program.zone)

    @display(description="undone")
    def undone(self, merge: Merge) -> str:
        return moment(merge.undone_at, merge.target.program.zone)

    @display(description="by", empty_value="-")
    def merged_by(self, merge: Merge) -> str | None:
        return merge.user.get_username() if merge.user else None

    def panels(self, request: StaffRequest, merge: Merge) -> list[Panel]:
        program = merge.target.program
        tiles = [
            Tile("Merged away", link(request, merge.source, str(merge.source.customer)), [merge.source.number]),
            Tile("Lives on as", link(request, merge.target, str(merge.target.customer)), [merge.target.number]),
            Tile("Brought along", points_in_words(program, merge.record.get("moved")) or "no points"),
        ]
        shown: list[Panel] = [Tiles(tiles)]
        if bonuses := bonuses_given_twice(program, merge.record.get("flags", {})):
            shown.append(Sentences("Given twice", bonuses))
        if undone := merge.record.get("undone"):
            back = f"Went back: {points_in_words(program, undone['returned']) or 'no points'}."
            missing = points_in_words(program, undone["missing"])
            shown.append(Sentences("Undone", [back, *([f"Spent, so missing: {missing}."] if missing else [])]))
        return shown

    def offered(self, request: StaffRequest, object_id: str) -> Collection[str]:
        return ["undo"] if names_one_of(Merge.objects.filter(undone_at=None), object_id) else []

    @action(description="Undo", permission="members.change_merge", icon="undo", dialog=_UNDO)
    def undo(self, request: StaffRequest, form: UndoForm, object_id: str) -> HttpResponse:
        merge = found(Merge.objects.select_related("source", "target__program"), object_id)
        done = unmerges.unmerge(merge, split=form.cleaned_data["split"], user=request.user)
        back = points_in_words(done.target.program, done.record["undone"]["returned"]) or "no points"
        say = f"{done.source} is a member again and has got back {back}."
        return self.done(request, done, log="Undone", say=say)


def bonuses_given_twice(program: Program, flags: Mapping[str, Iterable[Bonus]]) -> list[str]:
    """Sentences about the bonuses that both members got; `flags` is what the merge found, by currency code."""
    return [
        f"Rule {bonus['rule']} gave {points_in_words(program, {code: bonus['points']})} to both."
        for code, bonuses in flags.items()
        for bonus in bonuses
    ]
