"""Where are balances, tallies, tiers and cards found across members? Only the ledger moves them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    ModelAdmin,
    RelatedDropdownFilter,
    StaffRequest,
    display,
)
from loyalty_site.lib.panels import Panel, Tile, Tiles, dot, moment, points, through
from members import search
from members.admin.cards import CardForm
from members.admin.found_by_member import MemberFactAdmin
from members.models import Balance, Card, Standing, Tally

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
    """What was counted for each member in each period."""

    list_display = ["member", "currency", "period", "counted"]
    list_filter = [["currency__program", RelatedDropdownFilter], ["currency", RelatedDropdownFilter]]
    list_select_related = ["member__customer", "currency"]
    fields = ["member", "currency", "period", "counted"]

    @display(description="points")
    def counted(self, tally: Tally) -> str:
        return points(tally.points, tally.currency)


@admin.register(Standing)
class StandingAdmin(MemberFactAdmin):
    """The tiers that members hold and held."""

    icon, place = "military_tech", 4
    list_display = ["member", "coloured", "group", "since", "until", "reason", "is_current"]
    list_filter = [
        ["group__program", RelatedDropdownFilter],
        ["tier", RelatedDropdownFilter],
        ["reason", ChoicesDropdownFilter],
        "is_current",
    ]
    list_select_related = ["member__customer", "tier", "group__program"]
    fields = [("member", "group"), ("tier", "is_current"), ("since", "until"), ("reason", "note")]

    @display(description="tier")
    def coloured(self, standing: Standing) -> str:
        return dot(standing.tier.colour, standing.tier.name) if standing.tier else "No tier"

    @display(description="from")
    def since(self, standing: Standing) -> str:
        return moment(standing.from_at, standing.group.program.zone)

    @display(description="until")
    def until(self, standing: Standing) -> str:
        return moment(standing.until_at, standing.group.program.zone)


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
