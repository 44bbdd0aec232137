"""By what kinds of values can lists be narrowed?"""

from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django_filters.filters import Filter
from drf_spectacular.utils import extend_schema_field

from loyalty_site.lib import instants, lost_plus
from partners.limits import LARGEST_KEY


class InstantField(forms.Field):
    """Django's own reads more forms, and years that the databases cannot compare."""

    def to_python(self, value: str | None) -> datetime | None:
        """The instant in UTC, None for none. Raises ValidationError for what is no instant."""
        text = (value or "").strip()
        if not text:
            return None
        found = instants.instant(lost_plus.in_instant(text))
        if found is None:
            raise ValidationError(
                "Write the instant with its time zone, like 2026-03-09T17:30:00Z.", "invalid_instant"
            )
        return found


@extend_schema_field({"type": "string", "anyOf": [{"format": "date-time"}, {"maxLength": 0}]})
class InstantFilter(Filter):
    """Compares with an instant that has its time zone."""

    field_class: type[forms.Field] = InstantField

    def __init__(self, field_name: str, lookup_expr: str, *, label: str) -> None:
        super().__init__(field_name, lookup_expr, label=label)  # type: ignore[no-untyped-call]  # Of its base.


@extend_schema_field({"type": "integer", "format": "int64", "minimum": 1, "maximum": LARGEST_KEY})
class IdFilter(Filter):
    """Compares with the id of a row, of which there are some up to LARGEST_KEY."""

    field_class: type[forms.Field] = forms.IntegerField

    def __init__(self, field_name: str, *, label: str) -> None:
        super().__init__(  # type: ignore[no-untyped-call]  # Of its base.
            field_name, label=label, min_value=1, max_value=LARGEST_KEY
        )
