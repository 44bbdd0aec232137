"""Which memberships became one, what came along, and how is it undone?"""

from django import forms
from django.contrib import admin, messages

from loyalty_site.lib.admin import Dialog, RangeDateTimeFilter, action, display, found, go_to
from loyalty_site.lib.panels import Sentences, Tile, Tiles, link, moment
from members.models import Merge
from transactions.admin.dialogs import attempt, told
from transactions.admin.entries import LedgerAdmin
from transactions.merging import unmerges


class UndoForm(Dialog):
    split = forms.BooleanField(
        required=False,
        label="Split what is left",
        help_text="When points were spent meanwhile: give back what is left of them, instead of refusing.",
    )


_UNDO = {
    "title": "Undo this merge",
    "description": "The member gets back what it brought. What came after the merge stays where it is.",
    "form_class": UndoForm,
    "form_submit_text": "Undo the merge",
}


@admin.register(Merge)
class MergeAdmin(LedgerAdmin):
    icon, place = "merge", 7
    list_display = ["id", "source", "target", "merged", "undone", "reason", "user"]
    list_filter = [["merged_at", RangeDateTimeFilter], ["undone_at", RangeDateTimeFilter]]
    list_select_related = ["source__customer", "target__customer", "target__program", "user"]
    search_help_text = "Number, card, e-mail, phone or last name of the member that remained."
    fields = [("source", "target"), ("merged", "undone"), ("reason", "merged_by")]
    actions_detail = ["undo"]
    member_path = "target"

    @display(description="merged")
    def merged(self, merge):
        return moment(merge.merged_at, merge.target.program.zone)

    @display(description="undone")
    def undone(self, merge):
        return moment(merge.undone_at, merge.target.program.zone)

    @display(description="by", empty_value="-")
    def merged_by(self, merge):
        return merge.user and merge.user.get_username()

    def panels(self, request, merge):
        program = merge.target.program
        tiles = [
            Tile("Merged away", link(request, merge.source, str(merge.source.customer)), [merge.source.number]),
            Tile("Lives on as", link(request, merge.target, str(merge.target.customer)), [merge.target.number]),
            Tile("Brought along", told(program, merge.record.get("moved")) or "no points"),
        ]
        shown = [Tiles(tiles)]
        if bonuses := twice(program, merge.record.get("flags", {})):
            shown.append(Sentences("Given twice", bonuses))
        if undone := merge.record.get("undone"):
            back = f"Went back: {told(program, undone['returned']) or 'no points'}."
            missing = told(program, undone["missing"])
            shown.append(Sentences("Undone", [back, *([f"Spent, so missing: {missing}."] if missing else [])]))
        return shown

    def has_undo_permission(self, request, object_id=None):
        return request.user.has_perm("members.change_merge")

    def get_actions_detail(self, request, object_id):
        live = Merge.objects.filter(pk=object_id, undone_at=None).exists()
        return super().get_actions_detail(request, object_id) if live else []

    @action(description="Undo", permissions=["undo"], icon="undo", dialog=_UNDO)
    def undo(self, request, form, object_id):
        merge = found(Merge.objects.select_related("source", "target__program"), object_id)
        split = form.cleaned_data["split"]
        done, again = attempt(request, form, _UNDO, lambda: unmerges.unmerge(merge, split=split, user=request.user))
        if again:
            return again
        self.log_change(request, done, "Undone")
        back = told(done.target.program, done.record["undone"]["returned"]) or "no points"
        self.message_user(request, f"{done.source} is a member again and has got back {back}.", messages.SUCCESS)
        return go_to("members_merge_change", done.pk)


def twice(program, flags):
    """Sentences about the bonuses that both members got."""
    return [
        f"Rule {bonus['rule']} gave {told(program, {code: bonus['points']})} to both."
        for code, bonuses in flags.items()
        for bonus in bonuses
    ]
