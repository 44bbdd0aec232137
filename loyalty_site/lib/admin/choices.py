"""What does a field offer that names another row? As little as can be said without asking the database again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import ForeignKey
from django.forms import ModelChoiceField
from django.http import HttpRequest

from loyalty_site.lib.read_along import known

if TYPE_CHECKING:
    from django.contrib.admin.options import BaseModelAdmin

    _Admin = BaseModelAdmin[Any]
else:
    _Admin = object


class _Searchable(AutocompleteSelect):
    """A choice that is searched for; the chosen row is shown as it was read along."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        field = self.choices.field
        chosen = known(field, value)
        if chosen is None:
            return super().optgroups(name, value, attr)
        options = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        text = field.label_from_instance(chosen)
        options.append(self.create_option(name, chosen.pk, text, True, len(options)))
        return [(None, options, 0)]


class KnownChoices(_Admin):
    """For an admin or inline: what is chosen is shown as it was read along with the row."""

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", _Searchable(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
