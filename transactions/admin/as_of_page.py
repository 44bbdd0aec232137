"""What did a member hold at an instant, as it was true and as we knew it; and what comes? Two pages of a member."""

from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.urls import path, reverse

from loyalty_site.lib.admin import dressed
from loyalty_site.lib.panels import Sentences, Table, Tile, Tiles, link, moment, points
from programs.models import Tier
from transactions.admin import expiry_schedule
from transactions.admin.dialogs import member_of
from transactions.models import Lot
from transactions.proof import history

#: Lots that are told of one instant.
_MOST = 200


class InstantsForm(forms.Form):
    """Two instants on the clocks of the program; empty is now."""

    true_at = forms.DateTimeField(
        required=False, label="As it was true at", help_text="What the member had done by then, whenever we heard."
    )
    known_at = forms.DateTimeField(
        required=False, label="As we knew it at", help_text="What was written down by then, whenever it happened."
    )

    def __init__(self, zone: ZoneInfo, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.zone = zone
        for name, field in self.fields.items():
            self.fields[name] = dressed(field, placeholder="2026-03-31 18:00")

    def clean(self):
        # What was typed is meant on the clocks of the program, not of this server.
        return {name: at.replace(tzinfo=self.zone) if at else None for name, at in super().clean().items()}


def urls(owner):
    """The pages of `owner`, the admin of members."""

    def view(page):
        return owner.admin_site.admin_view(lambda request, object_id: page(owner, request, object_id))

    return [
        path("<path:object_id>/as-of/", view(as_of), name="members_member_as_of"),
        path("<path:object_id>/schedule/", view(coming), name="members_member_schedule"),
    ]


def as_of(owner, request, object_id):
    member = member_to_view(request, object_id)
    form = InstantsForm(member.program.zone, request.GET or None)
    shown = panels(request, member, **form.cleaned_data) if form.is_bound and form.is_valid() else []
    if not form.is_bound:
        shown = panels(request, member)
    return page(owner, request, member, f"{member} at any instant", form=form, panels=shown)


def coming(owner, request, object_id):
    member = member_to_view(request, object_id)
    nothing = Sentences("Coming releases and expiries", ["Time does nothing to the points of this member."])
    return page(owner, request, member, f"What comes for {member}", panels=[expiry_schedule.table(member) or nothing])


def member_to_view(request, object_id):
    if not request.user.has_perm("members.view_member"):
        raise PermissionDenied
    return member_of(object_id)


def page(owner, request, member, title, **context):
    context |= {
        **owner.admin_site.each_context(request),
        "title": title,
        "opts": owner.opts,
        "back": reverse("admin:members_member_change", args=[member.pk]),
        "member": member,
    }
    return TemplateResponse(request, "admin/members/beside.html", context)


def panels(request, member, *, true_at=None, known_at=None):
    """What history.as_of says, as panels."""
    state = history.as_of(member.pk, true_at=true_at, known_at=known_at)
    currencies = {currency.pk: currency for currency in member.program.currencies.all()}
    tiers = Tier.objects.filter(pk__in=state.tiers.values())
    tiles = [_tile(currencies[key], parts) for key, parts in state.balances.items()]
    tiles += [Tile("Tier", tier.name, colour=tier.colour) for tier in tiers]
    if not tiles:
        return [Sentences("Then", ["Nothing is known of this member at that instant."])]
    return [Tiles(tiles), _lots(request, member, state.lots, currencies)]


def _tile(currency, parts):
    beside = {name: units for name, units in parts.items() if name != "available" and units}
    notes = [f"{points(units, currency)} {'owed' if name == 'arrears' else name}" for name, units in beside.items()]
    return Tile(currency.name, points(parts["available"] - parts["arrears"], currency), notes)


def _lots(request, member, lots, currencies):
    zone = member.program.zone
    return Table(
        title="Lots then",
        headers=["Lot", "Left", "Of", "Earned", "Expires"],
        rows=[
            [
                link(request, Lot(pk=lot.id), str(lot.id)),
                f"{points(lot.remaining, currencies[lot.currency_id])} {currencies[lot.currency_id].name}",
                points(lot.points, currencies[lot.currency_id]),
                moment(lot.activity_at, zone),
                "pending" if lot.is_pending else moment(lot.expires_at, zone, empty="never"),
            ]
            for lot in lots[:_MOST]
        ],
        empty="No lots then.",
    )
