"""What does an event say of the member whom it is about? The part `member` of its data, from what is stored.

Posting has the same at hand, under its locks, and says it in the same shape (partners/event_shapes.py).
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import cast

from loyalty_site.lib import instants
from loyalty_site.lib.json_types import Json, JsonObject
from members.models import Balance, Member, Standing
from programs.configuration import Configuration

#: The columns of a balance that are told as they are.
_PARTS = ("available", "pending", "reserved", "arrears")


def of(configuration: Configuration, member_ids: Collection[int]) -> dict[int, JsonObject]:
    """{key: the part `member`} of these members of the program, in three statements whatever their number.

    What time did since is not in it: whoever needs it settles the members first. Keys of nobody are left out.
    """
    members = Member.objects.filter(pk__in=member_ids, program=configuration.id).order_by("pk")
    rows = members.values_list("pk", "number", "status", "enrolled_at")
    balances, tiers = _balances(configuration, member_ids), _tiers(configuration, member_ids)
    return {
        key: {
            "number": number,
            "program": configuration.code,
            "status": status,
            "enrolled_at": text(enrolled_at),
            "balances": list(balances.get(key, {}).values()),
            "tiers": list(tiers.get(key, {}).values()),
        }
        for key, number, status, enrolled_at in rows
    }


def text(instant: datetime) -> str:
    """An instant as events say it: in UTC, with Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def balance_of(member: JsonObject, code: str) -> int:
    """The balance that a part `member` tells of a currency; nothing where it tells of none."""
    held = cast("list[JsonObject]", member["balances"])
    return next((cast(int, one["balance"]) for one in held if one["currency"] == code), 0)


def _balances(configuration: Configuration, member_ids: Collection[int]) -> dict[int, dict[str, Json]]:
    """{member: {code: balance}}, in the order of the program's currencies."""
    codes = {one.id: one.code for one in configuration.currencies.values()}
    found: dict[int, dict[str, Json]] = {}
    rows = Balance.objects.filter(member__in=member_ids, currency__in=codes).order_by()
    held = {(member, currency): parts for member, currency, *parts in rows.values_list("member", "currency", *_PARTS)}
    for key, code in codes.items():
        for member in member_ids:
            if (member, key) in held:
                parts = dict(zip(_PARTS, held[member, key], strict=True))
                balance = {"currency": code, "balance": parts["available"] - parts["arrears"], **parts}
                found.setdefault(member, {})[code] = balance
    return found


def _tiers(configuration: Configuration, member_ids: Collection[int]) -> dict[int, dict[str, Json]]:
    """{member: {code: tier held}}, in the order of the program's groups."""
    groups = {group.id: group for group in configuration.tier_groups.values()}
    places = {key: place for place, key in enumerate(groups)}
    rows = Standing.objects.current().filter(member__in=member_ids, group__in=groups).order_by()
    held = sorted(rows.values_list("member", "group", "tier", "valid_until"), key=lambda row: places[row[1]])
    found: dict[int, dict[str, Json]] = {}
    for member, key, tier_id, until in held:
        group = groups[key]
        tier = group.by_id.get(tier_id)
        found.setdefault(member, {})[group.code] = {
            "group": group.code,
            "tier": tier.code if tier else None,
            "name": tier.name if tier else None,
            "valid_until": instants.last_day(until, configuration.zone).isoformat() if until else None,
        }
    return found
