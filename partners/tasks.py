"""What does this app have done in the background?"""

from celery import shared_task

from partners import idempotency


@shared_task(name="purge_idempotency_keys")
def purge_idempotency_keys() -> None:
    """Forget kept answers whose time is over. Safe to run twice."""
    idempotency.purge()
