"""What keeps rows from being deleted?"""

from collections.abc import Sequence
from typing import Any

from django.db.models import PROTECT, ForeignObjectRel, Model, QuerySet


def referrers(rows: Sequence[Any] | QuerySet[Any]) -> list[str]:
    """What still needs one of `rows`, all of one model, in the words of the admin; [] if they may go.

    Asked relation by relation, because Django's own refusal would first load each of a million balances.
    """
    model: type[Model] = rows.model if isinstance(rows, QuerySet) else type(rows[0])
    return [
        str(relation.related_model._meta.verbose_name_plural)
        for relation in model._meta.get_fields(include_hidden=True)
        if isinstance(relation, ForeignObjectRel)
        and relation.on_delete is PROTECT
        and relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": rows}).exists()
    ]
