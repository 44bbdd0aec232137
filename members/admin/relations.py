"""Who belongs to which company account or household, and with which rights?"""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty_site.lib.admin import ChoicesDropdownFilter, ModelAdmin, RelatedDropdownFilter, display, dressed
from loyalty_site.lib.panels import Panel, Table, link, moment
from loyalty_site.lib.units import InUnits, UnitsField, UnitsForm, ValueOf
from members import search
from members.models import Customer, Member, Relation


class RelationForm(UnitsForm):
    """How a member shares with a group."""

    daily_limit = dressed(
        UnitsField(
            required=False,
            help_text="How many of the group's points the member may spend a day, for example 500; empty: no limit.",
        )
    )

    @staticmethod
    def decimals_of(name: str, value: ValueOf) -> int | None:
        """Those of the points that the program spends in the first place."""
        member: Member | None = value("member")
        if member:
            return next((c.decimals for c in member.program.currencies.filter(is_primary=True)), 0)
        return None


@admin.register(Relation)
class RelationAdmin(InUnits, ModelAdmin):
    """Memberships in groups. They end, and are never deleted: what was shared under them stays explained."""

    form = RelationForm
    icon, place = "group", 6
    list_display = ["member", "group", "role", "share", "may_redeem", "joined", "left"]
    list_filter = [["role", ChoicesDropdownFilter], ["member__program", RelatedDropdownFilter], "may_redeem"]
    list_select_related = ["member__customer", "member__program", "group__customer"]
    # `search` decides; the name here only makes the box appear.
    search_fields = ["member__number"]
    search_help_text = "Number, card, e-mail, phone or last name of the member or of the group, or its start."
    sortable_by = ()
    ordering = ["-pk"]
    autocomplete_fields = ["member", "group"]
    fixed_fields = ["member", "group"]
    fieldsets = [
        (None, {"fields": [("member", "group"), "role"]}),
        ("Earning", {"fields": ["percent", "liability"]}),
        ("Spending", {"fields": ["may_redeem", ("daily_limit", "needs_approval")]}),
    ]

    @display(description="share")
    def share(self, relation: Relation) -> str:
        return f"{relation.percent} %"

    @display(description="since")
    def joined(self, relation: Relation) -> str:
        return moment(relation.joined_at, relation.member.program.zone)

    @display(description="until")
    def left(self, relation: Relation) -> str:
        return moment(relation.left_at, relation.member.program.zone, empty="now")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Relation], search_term: str
    ) -> tuple[QuerySet[Relation], bool]:
        if search_term.strip():
            members = search.matching(Member.objects.all(), search_term).values("pk")
            queryset = queryset.filter(member__in=members) | queryset.filter(group__in=members)
        return queryset, False

    def has_change_permission(self, request: HttpRequest, obj: Relation | None = None) -> bool:
        # What has ended is history.
        return (obj is None or obj.left_at is None) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Relation | None = None) -> bool:
        return False


def relations_panels(request: HttpRequest, member: Member) -> list[Panel]:
    """Whom a group consists of, or the groups that a person belongs to; empty where there are none."""
    is_group = member.customer.kind != Customer.Kind.PERSON
    other = "member" if is_group else "group"
    every = member.people.all() if is_group else member.relations.all()
    rows = every.select_related(f"{other}__customer").order_by("left_at", "pk")[:25]
    zone = member.program.zone
    found = [
        [
            link(request, getattr(relation, other)),
            link(request, relation, relation.get_role_display()),
            f"{relation.percent} %",
            "yes" if relation.may_redeem else "no",
            f"{moment(relation.joined_at, zone)} to {moment(relation.left_at, zone, empty='now')}",
        ]
        for relation in rows
    ]
    if not found:
        return []
    title = "People of this group" if is_group else "Groups that this member belongs to"
    return [Table(title, headers=["Member", "Role", "Share of earnings", "May spend", "When"], rows=found)]
