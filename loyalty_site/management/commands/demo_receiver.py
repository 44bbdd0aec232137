"""Stand in for Twilio, Slack and the system that the demo sends to: print what arrives, and show it on a page.

Exit codes: 0 somebody stopped it; 1 its address is taken.
"""

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from loyalty_site.demo import receiver
from partners.channels import webhooks
from partners.channels.base import Notice
from partners.models import WebhookEndpoint


class Command(BaseCommand):
    help = f"Receive what the demo sends, at {receiver.ADDRESS}, until Ctrl-C."

    def handle(self, **options: str | int | None) -> None:
        try:
            server = receiver.serve(is_signed)
        except OSError as error:
            raise CommandError(f"Cannot listen at {receiver.ADDRESS}: {error.strerror}.") from error
        with server:
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                self.stdout.write("Stopped.")


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    """Whether a secret of the demo's endpoint has signed it; read each time, because staff may rotate it."""
    key, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split()
    if not at.isdigit():
        return False
    try:
        endpoints = WebhookEndpoint.objects.filter(url=receiver.ADDRESS + receiver.WEBHOOK)
        secrets = [str(secret) for one in endpoints for secret in (one.secret, one.old_secret) if secret]
    finally:
        # Each request is answered by a thread of its own.
        connection.close()
    notice = [Notice(key, "", body, int(at), (secret,)) for secret in secrets]
    return any(webhooks.signature(one.secrets[0], one) in given for one in notice)
