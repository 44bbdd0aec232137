"""What did a member hold at an instant, as it was true and as we knew it; and what comes? Two pages of a member."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from loyalty_site.lib.admin import ModelAdmin, StaffRequest, Subpage, dressed
from loyalty_site.lib.panels import Panel, Sentences, Table, Tile, Tiles, address_of, link, moment, points, through
from members.held import HeldLot
from members.models import Member
from programs.models import Currency, ExpiryRule, Tier
from transactions.admin import expiry_schedule, refreshing
from transactions.admin.lookups import member_of
from transactions.models import Lot
from transactions.proof import history

#: So many lots of one instant are shown.
_MOST = 200


class InstantsForm(forms.Form):
    """Two instants on the clocks of the program; empty is now."""

    true_at = forms.DateTimeField(
        required=False, label="As it was true at", help_text="What the member had done by then, whenever we heard."
    )
    known_at = forms.DateTimeField(
        required=False, label="As we knew it at", help_text="What was written down by then, whenever it happened."
    )

    def __init__(self, zone: tzinfo, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        for name, field in self.fields.items():
            self.fields[name] = dressed(field, placeholder="2026-03-31 18:00")

    def clean(self) -> dict[str, datetime | None]:
        # What was typed is meant on the clocks of the program, not of this server.
        typed: dict[str, datetime | None] = super().clean() or {}
        return {name: at.replace(tzinfo=self.zone) if at else None for name, at in typed.items()}


def _as_of(admin: ModelAdmin, request: StaffRequest, object_id: str) -> HttpResponse:
    member = _settled(object_id)
    form = InstantsForm(member.program.zone, request.GET or None)
    shown: list[Panel] = []
    if not form.is_bound:
        shown = panels(request, member)
    elif form.is_valid():
        shown = panels(request, member, **form.cleaned_data)
    return _draw(admin, request, member, f"{member} at any instant", form=form, panels=shown)


def _schedule(admin: ModelAdmin, request: StaffRequest, object_id: str) -> HttpResponse:
    member = _settled(object_id)
    nothing = Sentences("Coming releases and expiries", ["Time does nothing to the points of this member."])
    title = f"What comes for {member}"
    return _draw(admin, request, member, title, panels=[expiry_schedule.table(member) or nothing])


def _settled(object_id: str) -> Member:
    """The member, with what time has done booked before anything is shown."""
    member = member_of(object_id)
    refreshing.refresh([member.pk])
    return member


def _draw(admin: ModelAdmin, request: StaffRequest, member: Member, title: str, **context: Any) -> HttpResponse:
    context |= {"member": member, "back": address_of(member)}
    return admin.draw(request, "admin/members/beside.html", title=title, **context)


SUBPAGES = [
    Subpage(route="as-of", name="as_of", permission="members.view_member", view=_as_of),
    Subpage(route="schedule", name="schedule", permission="members.view_member", view=_schedule),
]


def panels(
    request: HttpRequest, member: Member, *, true_at: datetime | None = None, known_at: datetime | None = None
) -> list[Panel]:
    """What history.as_of says, as panels."""
    state = history.as_of(member.pk, true_at=true_at, known_at=known_at)
    currencies = {currency.pk: currency for currency in member.program.currencies.select_related("expiry_rule")}
    tiers = Tier.objects.filter(pk__in=state.tiers.values()).select_related("group").order_by("group")
    tiles = [_tile(currencies[key], parts) for key, parts in state.balances.items()]
    tiles += [Tile(f"Tier: {tier.group.name}", tier.name, colour=tier.colour) for tier in tiers]
    if not tiles:
        return [Sentences("Then", ["Nothing is known of this member at that instant."])]
    return [Tiles(tiles), _lots(request, member, state.lots, currencies)]


def _tile(currency: Currency, parts: Mapping[str, int]) -> Tile:
    beside = {name: units for name, units in parts.items() if name != "available" and units}
    notes = [f"{points(units, currency)} {'owed' if name == 'arrears' else name}" for name, units in beside.items()]
    return Tile(currency.name, points(parts["available"] - parts["arrears"], currency), notes)


def _lots(request: HttpRequest, member: Member, lots: Sequence[HeldLot], currencies: Mapping[int, Currency]) -> Table:
    zone = member.program.zone
    return Table(
        title="Lots then",
        headers=["Lot", "Left", "Of", "Earned", "Last usable day"],
        rows=[
            [
                link(request, Lot(pk=lot.id), str(lot.id)),
                f"{points(lot.remaining, currencies[lot.currency_id])} {currencies[lot.currency_id].name}",
                points(lot.points, currencies[lot.currency_id]),
                moment(lot.activity_at, zone),
                _end(lot, currencies[lot.currency_id], zone),
            ]
            for lot in lots[:_MOST]
        ],
        empty="No lots then.",
    )


def _end(lot: HeldLot, currency: Currency, zone: tzinfo) -> str:
    if lot.is_pending:
        return "pending"
    if lot.expires_at is None and currency.expiry_rule.model == ExpiryRule.Model.ACTIVITY:
        # Which day that was is not kept: it moves with each activity.
        return "by inactivity"
    return through(lot.expires_at, zone)
