"""What does the outbox have done in the background? Both tasks may be lost, killed and repeated."""

from celery import shared_task
from django.utils import timezone

from members.outbox import bell, draining, retention


@shared_task(name=bell.TASK)
def drain_outbox() -> None:
    """Bring what is due on its way."""
    draining.drain()


@shared_task(name="purge_outbox")
def purge_outbox() -> None:
    """Delete what is older than the settings say."""
    retention.purge(timezone.now())
