"""How is asked whether there is a row of a member? By an index of that member, for one member after the other."""

from typing import Any

from django.db.models import Q, QuerySet, Subquery
from django.db.models.lookups import IsNull


def there_is(rows: QuerySet[Any]) -> Q:
    """The filter of members for whom there is one of these `rows`, which name the member by an OuterRef.

    Not by EXISTS: PostgreSQL makes a join of it, or one hash of the whole table, where it expects that to be cheaper,
    and reads what all members of all programs have for each range of a night.
    """
    return Q(IsNull(Subquery(rows.order_by().values("pk")[:1]), False))
