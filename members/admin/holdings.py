"""Where are balances, tallies, tiers, benefits and cards found across members? Only the ledger moves them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    ModelAdmin,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    StaffRequest,
    display,
)
from loyalty_site.lib.panels import Panel, Tile, Tiles, dot, moment, points, through
from members import search
from members.admin import standing_tables
from members.admin.cards import CardForm
from members.admin.found_by_member import MemberFactAdmin
from members.models import Balance, Card, MemberBenefit, Standing, Tally

#: The sums of a balance, in the order of their tiles.
_SUMS = (
    "available",
    "pending",
    "reserved",
    "arrears",
    "lifetime_earned",
    "lifetime_redeemed",
    "lifetime_expired",
    "lifetime_reversed",
    "lifetime_transferred",
    "lifetime_opening",
    "earned_before",
    "redeemed_before",
)


@admin.register(Balance)
class BalanceAdmin(MemberFactAdmin):
    """What members hold of each currency."""

    icon, place = "account_balance_wallet", 3
    list_display = ["member", "currency", "available_points", "lifetime_points", "last_activity_at"]
    list_filter = [["currency__program", RelatedDropdownFilter], ["currency", RelatedDropdownFilter]]
    list_select_related = ["member__customer", "currency__program"]
    fields = [("member", "currency"), ("last_activity_at", "usable_through"), "version"]

    @display(description="available")
    def available_points(self, balance: Balance) -> str:
        return points(balance.available - balance.arrears, balance.currency)

    @display(description="earned in all")
    def lifetime_points(self, balance: Balance) -> str:
        return points(balance.lifetime_earned, balance.currency)

    @display(description="last usable day")
    def usable_through(self, balance: Balance) -> str:
        """Of all of it, in a currency that expires by inactivity."""
        return through(balance.expires_at, balance.currency.program.zone, empty="-")

    def panels(self, request: StaffRequest, balance: Balance) -> list[Panel]:
        tiles = [
            Tile(label=capfirst(name.replace("_", " ")), value=points(getattr(balance, name), balance.currency))
            for name in _SUMS
        ]
        return [Tiles(tiles)]


@admin.register(Tally)
class TallyAdmin(MemberFactAdmin):
    """What was counted for each member, ladder and period."""

    list_display = ["member", "group", "currency", "period", "counted", "carried_over"]
    list_filter = [
        ["currency__program", RelatedDropdownFilter],
        ["group", RelatedDropdownFilter],
        ["currency", RelatedDropdownFilter],
    ]
    list_select_related = ["member__customer", "group", "currency"]
    fields = ["member", "group", "currency", "period", ("counted", "carried_over")]

    @display(description="points")
    def counted(self, tally: Tally) -> str:
        return points(tally.points, tally.currency)

    @display(description="surplus of the period before")
    def carried_over(self, tally: Tally) -> str:
        return points(tally.carried, tally.currency)


@admin.register(Standing)
class StandingAdmin(MemberFactAdmin):
    """The tiers that members hold and held."""

    icon, place = "military_tech", 4
    list_display = ["member", "coloured", "group", "since", "until", "valid", "why", "is_current"]
    list_filter = [
        ["group__program", RelatedDropdownFilter],
        ["group", RelatedDropdownFilter],
        ["tier", RelatedDropdownFilter],
        ["reason", ChoicesDropdownFilter],
        "is_current",
        ["from_at", RangeDateTimeFilter],
        ["valid_until", RangeDateTimeFilter],
    ]
    list_select_related = ["member__customer", "tier", "group__program"]
    fields = [
        ("member", "group"),
        ("tier", "is_current"),
        ("reached", "since", "until"),
        ("valid", "locked", "waits"),
        ("reason", "note"),
        ("recorded", "superseded"),
    ]

    @display(description="tier")
    def coloured(self, standing: Standing) -> str:
        return standing_tables.tier(standing)

    @display(description="reached")
    def reached(self, standing: Standing) -> str:
        return moment(standing.since_at, standing.group.program.zone)

    @display(description="from")
    def since(self, standing: Standing) -> str:
        return moment(standing.from_at, standing.group.program.zone)

    @display(description="until")
    def until(self, standing: Standing) -> str:
        return moment(standing.until_at, standing.group.program.zone, empty="now" if standing.is_current else "-")

    @display(description="valid through")
    def valid(self, standing: Standing) -> str:
        return through(standing.valid_until, standing.group.program.zone, empty="for life")

    @display(description="why")
    def why(self, standing: Standing) -> str:
        said = standing_tables.why(standing)
        return f"{said} (superseded)" if standing.superseded_at else said

    @display(description="locked through")
    def locked(self, standing: Standing) -> str:
        return through(standing.locked_until, standing.group.program.zone, empty="-")

    @display(description="downgrade waits since")
    def waits(self, standing: Standing) -> str:
        if standing.waits_from is None:
            return "-"
        proposed = standing.proposed.name if standing.proposed else "no tier"
        return f"{moment(standing.waits_from, standing.group.program.zone)}, to {proposed}"

    @display(description="recorded")
    def recorded(self, standing: Standing) -> str:
        return moment(standing.recorded_at, standing.group.program.zone)

    @display(description="superseded")
    def superseded(self, standing: Standing) -> str:
        return moment(standing.superseded_at, standing.group.program.zone)


@admin.register(MemberBenefit)
class MemberBenefitAdmin(MemberFactAdmin):
    """The benefits that members have and had by their tiers."""

    icon, place = "redeem", 7
    list_display = ["member", "benefit", "tier", "assigned", "withdrawn", "days"]
    list_filter = [
        ["group__program", RelatedDropdownFilter],
        ["benefit__tier", RelatedDropdownFilter],
        ["assigned_at", RangeDateTimeFilter],
        ["withdrawn_at", RangeDateTimeFilter],
    ]
    list_select_related = ["member__customer", "benefit__tier", "group__program"]
    fields = [("member", "group"), ("benefit", "tier"), ("assigned", "withdrawn"), "days"]

    @display(description="by")
    def tier(self, one: MemberBenefit) -> str:
        return dot(one.benefit.tier.colour, one.benefit.tier.name)

    @display(description="since")
    def assigned(self, one: MemberBenefit) -> str:
        return moment(one.assigned_at, one.group.program.zone)

    @display(description="until")
    def withdrawn(self, one: MemberBenefit) -> str:
        return moment(one.withdrawn_at, one.group.program.zone, empty="now")

    @display(description="days")
    def days(self, one: MemberBenefit) -> str:
        return standing_tables.days(one)


@admin.register(Card)
class CardAdmin(ModelAdmin):
    """Cards across members; a card stays with the member to whom it was given."""

    icon, place = "credit_card", 5
    form = CardForm
    list_display = ["number", "member", "program", "is_active", "created_at"]
    list_filter = [["program", RelatedDropdownFilter], "is_active"]
    list_select_related = ["member__customer", "program"]
    # `get_search_results` decides; the name here only makes the box appear.
    search_fields = ["number"]
    sortable_by = ()
    autocomplete_fields = ["member"]
    fields = ["member", "number", "is_active"]
    fixed_fields = ["member"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Card], search_term: str
    ) -> tuple[QuerySet[Card], bool]:
        return search.cards(queryset, search_term), False
