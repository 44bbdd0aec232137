"""Who hears that a budget comes to its end? Whoever may change it, in the transaction that uses it up.

Of each period and limit it is told once: a refund that gives some of it back, and the purchase that uses that up
again, change nothing that staff could act on. Where the limit is raised, it is told of the new one.
"""

from collections.abc import Collection
from datetime import datetime

from django.urls import reverse

from loyalty_site.lib.arrays import Values
from loyalty_site.lib.json_types import Json
from members import telling
from members.telling import Telling
from partners.models import Store
from programs import capping
from programs.configuration import Configuration
from transactions.books.counters import Crossing


def rows(configuration: Configuration, crossings: Collection[Crossing], now: datetime) -> list[Values]:
    """The rows of an event for each of these, of the columns of `members.telling.EVENT` and `once`.

    Reads the names of the stores, where a budget of a store is among them.
    """
    stores = _stores(crossings)
    return [row for one in crossings for row in _rows(configuration, one, stores.get(one.key), now)]


def _rows(configuration: Configuration, one: Crossing, store: str | None, now: datetime) -> list[Values]:
    cap, currency = one.cap, configuration.currencies[one.cap.currency]
    used, limit = (
        capping.in_units(number, measure=cap.measure, decimals=currency.decimals, major=configuration.major)
        for number in (one.used, cap.limit)
    )
    said: dict[str, Json] = {
        "code": cap.code,
        "name": cap.name,
        "promotion": cap.promotion or None,
        "store": store,
        "measure": cap.measure,
        "currency": cap.currency,
        "used": f"{used:f}",
        "limit": f"{limit:f}",
        "percent": one.used * 100 // cap.limit,
        "since": None if cap.period == "ever" else one.day,
        "address": reverse("admin:programs_cap_change", args=[cap.id]),
    }
    name = f"budget.{one.what}"
    once = f"{name}:{cap.id}:{one.key}:{one.day}:{cap.limit}"
    return telling.rows(configuration.id, name, [Telling(None, {"budget": said}, now, once)], now)


def _stores(crossings: Collection[Crossing]) -> dict[int, str]:
    """{key: "partner/code"} of the stores whose budgets these are."""
    keys = sorted({one.key for one in crossings if one.key})
    found = Store.objects.filter(pk__in=keys).values_list("pk", "partner__code", "code") if keys else ()
    return {key: f"{partner}/{code}" for key, partner, code in found}
