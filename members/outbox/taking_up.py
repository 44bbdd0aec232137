"""What follows when staff let an outlet be used again at once? What was put off because it failed is due."""

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from members.models import Delivery
from members.outbox import bell
from members.outbox.breaking import Outlet, key_of
from partners.models.health import taken_up


@receiver(taken_up)
def bring_forward(sender: type[Outlet], outlet: Outlet, **_: Any) -> None:
    """Let what was tried and waits be tried now. What waits for anything else, quiet hours too, waits on: it was not
    tried, or is put off again when it is composed."""
    now = timezone.now()
    connection, endpoint = key_of(outlet)
    waiting = Delivery.objects.filter(connection=connection, endpoint=endpoint, state=Delivery.State.WAITING)
    waiting.filter(next_at__gt=now, attempts__gt=0).update(next_at=now)
    bell.ring_on_commit()
