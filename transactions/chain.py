"""How does a changed, removed or inserted ledger row show? Each entry hashes the one before it."""

import hashlib
from datetime import UTC


def link(
    previous, *, member_id, sequence, journal_id, currency_id, kind, points, balance_after, activity_at, posted_at
):
    """The chain value of an entry behind the entry of the same member whose value is `previous`."""
    parts = (previous, member_id, sequence, journal_id, currency_id, kind, points, balance_after)
    instants = (moment.astimezone(UTC).isoformat(timespec="microseconds") for moment in (activity_at, posted_at))
    return hashlib.sha256("|".join([*map(str, parts), *instants]).encode()).hexdigest()
