"""What do staff see and change of a member, and how do they enrol one?"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from django.contrib import admin
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join

from loyalty_site.lib.admin import (
    AnyRelatedFilter,
    ChoicesDropdownFilter,
    Made,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    StaffRequest,
    VerbAdmin,
    display,
)
from loyalty_site.lib.panels import Cards, Panel, Tile, Tiles, dot, moment, points
from members import changes, progress, search
from members.admin import ladder_cards, standing_tables
from members.admin.cards import CardInline
from members.admin.customers import CUSTOMER_FIELDSETS, NAMES_BY_KIND
from members.admin.delivery_tables import messages
from members.admin.enrol_form import EnrolForm
from members.admin.progress_panels import progress_panels
from members.admin.relations import relations_panels
from members.admin.segment_panels import score_tiles, segment_panels
from members.admin.standing_tables import MOST
from members.admin.telling_changes import names_changed
from members.enrolment import enrol
from members.holdings import Account
from members.ladder_rows import LockedStanding, LockedTally
from members.models import Balance, Member, Standing, Tally
from programs import periods, versions

#: Sums that are worth a line below the balance when they are not zero, and how they are called.
_BESIDE = {
    "pending": "pending",
    "reserved": "reserved",
    "arrears": "owed",
    "lifetime_earned": "earned in all",
    "lifetime_redeemed": "redeemed in all",
    "lifetime_expired": "expired in all",
    "lifetime_reversed": "taken back in all",
    "lifetime_transferred": "received by transfers, less given",
    "lifetime_opening": "brought from other systems",
    "earned_before": "earned there",
    "redeemed_before": "redeemed there",
}


class _Listed(Protocol):
    """A member as the list reads it, with what it shows of the others' rows."""

    primary_balances: list[Balance]
    current_standings: list[Standing]


@admin.register(Member)
class MemberAdmin(VerbAdmin):
    """Members of all programs. A membership is closed, never deleted: what it earned and spent stays on record."""

    icon, place = "badge", 1
    list_display = ["number", "name", "program", "status_label", "tier", "balance", "enrolled"]
    list_filter = [
        ["program", RelatedDropdownFilter],
        ["status", ChoicesDropdownFilter],
        ["channel", ChoicesDropdownFilter],
        # As they were looked up last.
        ["segment_memberships__segment", AnyRelatedFilter],
        ["enrolled_at", RangeDateTimeFilter],
    ]
    # `search` decides; the name here only makes the box appear.
    search_fields = ["number"]
    search_help_text = "Number, card, e-mail, phone or last name, or the start of one."
    sortable_by = ()
    ordering = ["-pk"]
    conditional_fields = NAMES_BY_KIND
    inlines = [CardInline]
    add_inlines = []
    add_form = EnrolForm
    add_fieldsets = [
        (None, {"fields": ["program", "existing"]}),
        *CUSTOMER_FIELDSETS,
        ("Membership", {"fields": [("channel", "home_store"), "card"]}),
    ]
    fieldsets = [
        (None, {"fields": [("number", "program"), ("customer", "status"), ("channel", "store")]}),
    ]
    fixed_fields = ["number", "program", "customer", "channel", "store"]

    def autocomplete_text(self, member: Member) -> str:
        return f"{member} · {member.program}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        members = super().get_queryset(request).select_related("program", "customer")
        if not request.resolver_match or not (request.resolver_match.url_name or "").endswith("_changelist"):
            return members.select_related("home_store")
        # Of these rows, which are wide, the list shows little.
        balances = Balance.objects.filter(currency__is_primary=True).select_related("currency")
        balances = balances.only("member", "available", "arrears", "currency", "currency__decimals")
        tiers = Standing.objects.current().select_related("tier")
        tiers = tiers.only("member", "group", "tier", "tier__colour", "tier__name").order_by("group")
        return members.prefetch_related(
            Prefetch("balances", balances, to_attr="primary_balances"),
            Prefetch("standings", tiers, to_attr="current_standings"),
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Member], search_term: str
    ) -> tuple[QuerySet[Member], bool]:
        return search.matching(queryset, search_term), False

    @display(description="customer")
    def name(self, member: Member) -> str:
        return str(member.customer)

    @display(
        description="status",
        ordering="status",
        label={"active": "success", "suspended": "warning", "closed": "danger"},
    )
    def status_label(self, member: Member) -> tuple[str, str]:
        return member.status, member.get_status_display()

    @display(description="tier", empty_value="-")
    def tier(self, member: _Listed) -> str | None:
        held = (standing.tier for standing in member.current_standings)
        return format_html_join(" ", "{}", ((dot(tier.colour, tier.name),) for tier in held if tier)) or None

    @display(description="points")
    def balance(self, member: _Listed) -> str:
        held = next(iter(member.primary_balances), None)
        return points(held.available - held.arrears, held.currency) if held else "0"

    @display(description="enrolled", ordering="enrolled_at")
    def enrolled(self, member: Member) -> str:
        return moment(member.enrolled_at, member.program.zone)

    @display(description="home store", empty_value="-")
    def store(self, member: Member) -> str | None:
        # As text: who serves members need not see the pages of partners.
        return member.home_store.name if member.home_store else None

    def has_change_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:
        # Whoever was erased is no member any more: no card and no status brings them back.
        return (obj is None or obj.customer.erased_at is None) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: list[Any], change: bool) -> None:
        super().save_related(request, form, formsets, change)
        changes.tell_member_updated(form.instance, names_changed(form, formsets))

    def perform(self, request: StaffRequest, form: EnrolForm, formsets: list[Any]) -> Made:
        return Made(enrol(**form.arguments()))

    def panels(self, request: StaffRequest, member: Member) -> list[Panel]:
        balances = list(
            member.balances.select_related("currency").order_by("-currency__is_primary", "currency__name")
        )
        standings = list(member.standings.select_related("tier", "group"))
        held, configuration, now = standing_tables.current_of(standings), versions.of(member.program), timezone.now()
        steps = progress.steps(configuration, as_account(member, list(member.tallies.all()), held), now=now)
        benefits = member.benefits.select_related("benefit__tier").order_by(F("withdrawn_at").desc(nulls_first=True))
        today = periods.local_date(now, member.program.zone)
        return [
            Tiles([*(balance_tile(balance) for balance in balances), *score_tiles(member)]),
            Cards(list(ladder_cards.cards(steps, held, now=now, zone=member.program.zone))),
            *relations_panels(request, member),
            *progress_panels(request, member, today),
            *segment_panels(request, member),
            *filter(None, [standing_tables.benefits(member, list(benefits[: MOST + 1]), today)]),
            standing_tables.standings(member, standings, configuration),
            *messages(request, member),
        ]


def balance_tile(balance: Balance) -> Tile:
    """What can be spent, and below it the other sums that are not zero."""
    currency = balance.currency
    sums = [(label, getattr(balance, name)) for name, label in _BESIDE.items()]
    return Tile(
        label=currency.name,
        value=points(balance.available - balance.arrears, currency),
        notes=[f"{points(value, currency)} {label}" for label, value in sums if value],
    )


def as_account(member: Member, tallies: Sequence[Tally], held: Mapping[int, Standing]) -> Account:
    """What a member counts and holds on ladders, as a posting would find it."""
    account = Account(member.pk, member.number, member.status, member.enrolled_at, 0, "")
    for tally in tallies:
        key = tally.group_id, tally.currency_id, tally.period
        account.tallies[key] = LockedTally(tally.pk, tally.points, tally.carried)
    for group, row in held.items():
        account.tiers[group] = LockedStanding(
            row.pk,
            row.tier_id,
            row.since_at,
            row.from_at,
            row.valid_until,
            due_at=row.due_at,
            locked_until=row.locked_until,
            waits_from=row.waits_from,
            proposed_id=row.proposed_id,
            reason=row.reason,
        )
    return account
