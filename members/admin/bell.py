"""How many notifications has somebody not read? The tags of the bell in the header of each page."""

from typing import Any

from django import template
from django.urls import reverse

from members.models import StaffNotice

register = template.Library()

#: Counted up to here, so that a page costs the same however many there are.
MOST = 99


def unread(user_id: int | None) -> str:
    """So many notices of a user are not read, as a text; "" for none. One statement on an index of the unread."""
    count = StaffNotice.objects.filter(user=user_id, read_at=None).order_by()[: MOST + 1].count()
    return f"{MOST}+" if count > MOST else str(count or "")


@register.inclusion_tag("admin/members/bell.html", takes_context=True)
def bell(context: template.Context) -> dict[str, Any]:
    """The bell of whoever asks for the page."""
    return {
        "unread": unread(context["request"].user.pk),
        "address": reverse("admin:members_staffnotice_changelist"),
    }
