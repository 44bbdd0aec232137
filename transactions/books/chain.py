"""How does a changed, removed or inserted ledger row show? Each entry hashes the one before it."""

import hashlib
from datetime import UTC

#: What a chain value vouches for, in this order.
FIELDS = (
    "member_id sequence journal_id currency_id kind points available pending reserved arrears balance_after".split()
)


def link(previous, entry):
    """The chain value of `entry` (a dict) behind the entry of the same member whose value is `previous`."""
    parts = (previous, *(entry[name] for name in FIELDS))
    moments = (entry["activity_at"], entry["posted_at"])
    instants = (moment.astimezone(UTC).isoformat(timespec="microseconds") for moment in moments)
    return hashlib.sha256("|".join([*map(str, parts), *instants]).encode()).hexdigest()
