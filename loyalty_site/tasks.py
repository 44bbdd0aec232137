"""What is done in the background for those who sign in?"""

from celery import shared_task

from loyalty_site import sign_in


@shared_task(name="forget_failures_to_sign_in")
def forget_failures_to_sign_in() -> None:
    """Delete the failures that count no more."""
    sign_in.forget()
