"""How does a member leave a group? What it contributed stays there, or comes back as far as it is unspent."""

from django import forms
from django.contrib import admin, messages

from loyalty_site.lib.admin import Dialog, action, found, go_to
from members.admin.relations import RelationAdmin
from members.models import Relation
from transactions.admin.dialogs import attempt, told
from transactions.verbs import groups


class LeaveForm(Dialog):
    give_back = forms.BooleanField(
        required=False,
        label="Give back what the member contributed",
        help_text="As far as the group has not spent it.",
    )


_LEAVE = {
    "title": "Leave the group",
    "description": "The member shares nothing with the group from now on.",
    "form_class": LeaveForm,
    "form_submit_text": "Leave",
}


class RelationDesk(RelationAdmin):
    """The page of a relation with its end, which may move points."""

    actions_detail = ["leave"]

    def has_leave_permission(self, request, object_id=None):
        return request.user.has_perm("members.change_relation")

    def get_actions_detail(self, request, object_id):
        live = Relation.objects.live().filter(pk=object_id).exists()
        return super().get_actions_detail(request, object_id) if live else []

    @action(description="Leave", permissions=["leave"], icon="logout", dialog=_LEAVE)
    def leave(self, request, form, object_id):
        relation = found(Relation.objects.select_related("member__program", "group"), object_id)
        give_back = form.cleaned_data["give_back"]
        back, again = attempt(
            request, form, _LEAVE, lambda: groups.leave(relation, give_back=give_back, user=request.user)
        )
        if again:
            return again
        self.log_change(request, relation, "Left")
        moved = told(relation.member.program, back) or "no points"
        self.message_user(request, f"{relation.member} has left and got back {moved}.", messages.SUCCESS)
        return go_to("members_relation_change", relation.pk)


admin.site.unregister(Relation)
admin.site.register(Relation, RelationDesk)
