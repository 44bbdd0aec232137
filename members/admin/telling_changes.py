"""How do receivers hear of what staff change about a person on a page of the admin?"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from loyalty_site.lib.admin import ModelAdmin
from members import changes


def names_changed(form: Any, formsets: Iterable[Any]) -> set[str]:
    """The fields of a row that its form has changed, and which of its inlines."""
    names = set(form.changed_data)
    return names | {formset.fk.remote_field.related_name for formset in formsets if formset.has_changed()}


class PartOfCustomerAdmin(ModelAdmin):
    """Rows that say something of a customer; `part` is what a change of them is called."""

    part: str

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        whose = {obj.customer_id, form.initial.get("customer", obj.customer_id)}
        changes.tell_updated({key: [self.part] for key in whose})

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        whose = obj.customer_id
        super().delete_model(request, obj)
        changes.tell_updated({whose: [self.part]})

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        whose = set(queryset.order_by().values_list("customer", flat=True))
        super().delete_queryset(request, queryset)
        changes.tell_updated({key: [self.part] for key in whose})
