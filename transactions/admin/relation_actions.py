"""How does a member leave a group? What it contributed stays there, or comes back as far as it is unspent."""

from collections.abc import Collection

from django import forms
from django.http import HttpResponse

from loyalty_site.lib.admin import Dialog, Extension, StaffRequest, action, dialog, found, names_one_of, site
from members.models import Relation
from transactions.admin.wording import points_in_words
from transactions.verbs import groups


class LeaveForm(Dialog):
    """Whether the points go along."""

    give_back = forms.BooleanField(
        required=False,
        label="Give back what the member contributed",
        help_text="As far as the group has not spent it.",
    )


_LEAVE = dialog("Leave the group", "The member shares nothing with the group from now on.", "Leave", LeaveForm)


class RelationActions(Extension[Relation]):
    """The end of a relation, which may move points."""

    actions_detail = ["leave"]

    def offered(self, request: StaffRequest, object_id: str) -> Collection[str]:
        return ["leave"] if names_one_of(Relation.objects.live(), object_id) else []

    @action(description="Leave", permission="members.change_relation", icon="logout", dialog=_LEAVE)
    def leave(self, request: StaffRequest, form: LeaveForm, object_id: str) -> HttpResponse:
        relation = found(Relation.objects.select_related("member__program", "group"), object_id)
        back = groups.leave(relation, give_back=form.cleaned_data["give_back"], user=request.user)
        moved = points_in_words(relation.member.program, back) or "no points"
        say = f"{relation.member} has left and got back {moved}."
        return self.admin.done(request, relation, log="Left", say=say)


site.extend(Relation, RelationActions)
