"""What do the lots of one member say together? Exports repeat in each row what is said of the member once."""

from collections.abc import Sequence
from typing import cast

from loyalty_site.lib.refusals import Refusal
from transactions.imports.members.row import Fact, Row

#: What is said of the member, whatever lot the row is about, and what the mapping calls it.
_OF_MEMBER = {
    "earned_before": "lifetime_earned",
    "redeemed_before": "lifetime_redeemed",
    "qualifying": "qualifying_points",
    "tier": "tier",
    "tier_group": "ladder",
    "tier_until": "tier_expires",
    "last_activity_at": "last_activity",
}


def problem_of(rows: Sequence[Row]) -> Refusal | None:
    """Why these rows cannot be the lots of one member; None where they can. An empty cell says nothing."""
    for name, column in _OF_MEMBER.items():
        said = {value for row in rows if (value := (row.fact or {}).get(name)) is not None}
        if len(said) > 1:
            detail = "The rows of this member differ here, and this is said of the member, not of a lot; write one."
            return Refusal("lots_differ", detail, field=column)
    return None


def repeated(rows: Sequence[Row]) -> list[Row]:
    """`rows` of one member, each with what any of them says of the member: to be compared."""
    shared = {name: row.fact[name] for row in rows for name in _OF_MEMBER if row.fact and name in row.fact}  # type: ignore[literal-required]
    return [row._replace(fact=cast(Fact, {**(row.fact or {}), **shared})) for row in rows]


def once(rows: Sequence[Row]) -> list[Row]:
    """`rows` of one member, of which only the first says what is said of the member: to be written down."""
    first, *others = repeated(rows)
    bare = [{name: value for name, value in (row.fact or {}).items() if name not in _OF_MEMBER} for row in others]
    return [first, *(row._replace(fact=cast(Fact, fact)) for row, fact in zip(others, bare, strict=True))]
