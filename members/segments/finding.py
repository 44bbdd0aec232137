"""How is asked for what there is of a member? By an index of that member, for one member after the other."""

from typing import Any

from django.db.models import BigIntegerField, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull


def there_is(rows: QuerySet[Any]) -> Q:
    """The filter of members for whom there is one of these `rows`, which name the member by an OuterRef.

    Not by EXISTS: PostgreSQL makes a join of it, or one hash of the whole table, where it expects that to be cheaper,
    and reads what all members of all programs have for each range of a night.
    """
    return Q(IsNull(Subquery(rows.order_by().values("pk")[:1]), False))


def number_of(rows: QuerySet[Any, Any]) -> Combinable:
    """The one whole number that `rows` have of a member, whom they name by an OuterRef; 0 where they have none."""
    return Coalesce(Subquery(rows, output_field=BigIntegerField()), Value(0))
