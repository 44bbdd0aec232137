"""Until when would points be usable that are earned today? Said beside the terms that somebody types."""

from datetime import UTC, datetime
from typing import cast

from loyalty_site.lib import instants
from programs import compiling, document, periods
from programs.document.format import ExpirySpec
from programs.document.layout import EXPIRY
from programs.expiry import end_of_inactivity, end_of_lot
from programs.models import ExpiryRule


def usable_through(rule: ExpiryRule, now: datetime) -> str:
    """A sentence with the last usable day by the terms of `rule`; what cannot be computed yet has none."""
    try:
        zone = rule.currency.program.zone if rule.currency_id else UTC
        terms = compiling.terms(cast(ExpirySpec, document.columns(EXPIRY, rule)))
        if terms.model == "activity":
            end, who = end_of_inactivity(terms, last_activity_at=now, zone=zone), "Points of a member who is active"
        else:
            found = end_of_lot(terms, earned_at=now, processed_at=now, zone=zone, enrolled_at=now)
            if found.at is None:
                return "Points never end."
            end, who = found.at, "Points earned"
    except (KeyError, TypeError, ValueError, OverflowError):
        return ""
    if terms.model == "anniversary":
        who = "Points of a member who enrols"
    today = instants.full_day(periods.local_date(now, zone))
    return f"{who} today, {today}, are usable through {instants.full_day(instants.last_day(end, zone))}."
