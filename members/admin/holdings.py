"""Where are balances, tallies, tiers and cards found across members? Only the ledger moves them."""

from django.contrib import admin
from django.utils.text import capfirst

from loyalty_site.lib.admin import ChoicesDropdownFilter, FactAdmin, ModelAdmin, RelatedDropdownFilter, display
from loyalty_site.lib.panels import Tile, Tiles, dot, moment, points
from members import search
from members.admin.cards import CardForm
from members.models import Balance, Card, Member, Standing, Tally


class OfMember(FactAdmin):
    """Found by whatever names the member."""

    search_fields = ["member__number"]
    search_help_text = "Number, card, e-mail, phone or last name of the member."
    sortable_by = ()

    def get_search_results(self, request, queryset, search_term):
        if search_term.strip():
            members = search.matching(Member.objects.all(), search_term)
            queryset = queryset.filter(member__in=members.values("pk"))
        return queryset, False


@admin.register(Balance)
class BalanceAdmin(OfMember):
    icon, place = "account_balance_wallet", 3
    list_display = ["member", "currency", "available_points", "lifetime_points", "last_activity_at"]
    list_filter = [["currency__program", RelatedDropdownFilter], ["currency", RelatedDropdownFilter]]
    list_select_related = ["member__customer", "currency__program"]
    ordering = ["-pk"]
    fields = [("member", "currency"), ("next_change_at", "last_activity_at"), ("expires_at", "version")]
    sums = [
        "available",
        "pending",
        "reserved",
        "arrears",
        "lifetime_earned",
        "lifetime_redeemed",
        "lifetime_expired",
        "lifetime_reversed",
        "lifetime_transferred",
    ]

    @display(description="available")
    def available_points(self, balance):
        return points(balance.available - balance.arrears, balance.currency)

    @display(description="earned in all")
    def lifetime_points(self, balance):
        return points(balance.lifetime_earned, balance.currency)

    def panels(self, request, balance):
        tiles = [
            Tile(label=capfirst(name.replace("_", " ")), value=points(getattr(balance, name), balance.currency))
            for name in self.sums
        ]
        return [Tiles(tiles)]


@admin.register(Tally)
class TallyAdmin(OfMember):
    list_display = ["member", "currency", "period", "counted"]
    list_filter = [["currency__program", RelatedDropdownFilter], ["currency", RelatedDropdownFilter]]
    list_select_related = ["member__customer", "currency"]
    ordering = ["-pk"]
    fields = ["member", "currency", "period", "counted"]

    @display(description="points")
    def counted(self, tally):
        return points(tally.points, tally.currency)


@admin.register(Standing)
class StandingAdmin(OfMember):
    icon, place = "military_tech", 4
    list_display = ["member", "coloured", "group", "since", "until", "reason", "is_current"]
    list_filter = [
        ["group__program", RelatedDropdownFilter],
        ["tier", RelatedDropdownFilter],
        ["reason", ChoicesDropdownFilter],
        "is_current",
    ]
    list_select_related = ["member__customer", "tier", "group__program"]
    ordering = ["-pk"]
    fields = [("member", "group"), ("tier", "is_current"), ("since", "until"), ("reason", "note")]

    @display(description="tier")
    def coloured(self, standing):
        return dot(standing.tier.colour, standing.tier.name)

    @display(description="from")
    def since(self, standing):
        return moment(standing.from_at, standing.group.program.zone)

    @display(description="until")
    def until(self, standing):
        return moment(standing.until_at, standing.group.program.zone)


@admin.register(Card)
class CardAdmin(ModelAdmin):
    icon, place = "credit_card", 5
    form = CardForm
    list_display = ["number", "member", "program", "is_active", "created_at"]
    list_filter = [["program", RelatedDropdownFilter], "is_active"]
    list_select_related = ["member__customer", "program"]
    search_fields = ["number__startswith"]
    sortable_by = ()
    autocomplete_fields = ["member"]
    fields = ["member", "number", "is_active"]

    def get_readonly_fields(self, request, obj=None):
        return ["member"] if obj else []
