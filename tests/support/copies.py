"""How do tests get thousands of members from a few who have lived? Their rows are copied by the database itself."""

from django.core.management.color import no_style
from django.db import connection
from django.db.models import Max, Min

from members.models import Balance, Customer, Member, MemberBenefit, Standing, Tally
from transactions.models import Entry, Lot

#: What a member holds, each table after those it refers to: the columns that are keys of other rows that are copied.
_KEYS = {
    Customer: ("id",),
    Member: ("id", "customer_id"),
    Balance: ("id", "member_id"),
    Entry: ("id", "member_id"),
    Lot: ("entry_id", "member_id"),
    Tally: ("id", "member_id"),
    Standing: ("id", "member_id"),
    MemberBenefit: ("id", "member_id"),
}
_ENDING = "t.member_id IN ({members}) AND t.expires_at IS NOT NULL"
#: Which rows of these members: nobody looks at lots that have no end, nor at what is over.
_WHICH = {
    Customer: "t.id IN (SELECT customer_id FROM members_member WHERE id IN ({members}))",
    Member: "t.id IN ({members})",
    Entry: f"t.id IN (SELECT t.entry_id FROM transactions_lot t WHERE {_ENDING})",
    Lot: _ENDING,
    Standing: "t.member_id IN ({members}) AND t.is_current",
}
_NUMBERS = "WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < {times})"


def copy(members, times, *, analyze=True):
    """Add `times` copies of each of these members: the tiers, tallies, benefits and balances, lots that have an end.

    The key of a copy is that of the first one plus a number, the same for all rows of a copy. Copies share the
    journals of the first ones. Without `analyze` the planner of PostgreSQL does not hear of them.
    """
    spans = [model._default_manager.aggregate(first=Min("pk"), last=Max("pk")) for model in _KEYS]
    step = max(span["last"] - span["first"] + 1 for span in spans if span["last"])
    with connection.cursor() as cursor:
        for model, keys in _KEYS.items():
            cursor.execute(_copying(model, keys, members, times, step))
        for statement in connection.ops.sequence_reset_sql(no_style(), [*_KEYS]):
            cursor.execute(statement)
        if analyze:
            cursor.execute("ANALYZE")


def _copying(model, keys, members, times, step):
    def value(column):
        if column == "number":
            return "t.number || '-' || n"
        return f"t.{column} + CAST(n AS bigint) * {step}" if column in keys else f"t.{column}"

    names = [field.column for field in model._meta.concrete_fields]
    which = _WHICH.get(model, "t.member_id IN ({members})").format(members=", ".join(str(one.pk) for one in members))
    return (
        f"{_NUMBERS.format(times=times)} INSERT INTO {model._meta.db_table} ({', '.join(names)}) "
        f"SELECT {', '.join(map(value, names))} FROM {model._meta.db_table} t CROSS JOIN copies "
        f"WHERE {which} ORDER BY n, t.{keys[0]}"
    )
