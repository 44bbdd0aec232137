"""What do the pages of endpoints show of what was sent there, and what else can be done with one?"""

from collections.abc import Collection

from django.http import HttpResponse
from django.utils import timezone

from loyalty_site.lib.admin import Dialog, Extension, StaffRequest, action, dialog, found, site
from loyalty_site.lib.panels import Panel
from members import endpoints
from members.admin.delivery_tables import last_deliveries
from members.models import Delivery
from partners.models import WebhookEndpoint

_PERMISSION = "partners.change_webhookendpoint"
_Status = WebhookEndpoint.Status
_END = (
    "What still waits for it is skipped, and nothing is sent there any more. It cannot be brought back: whoever "
    "wants events again subscribes anew."
)


class EndpointDeliveries(Extension[WebhookEndpoint]):
    """A test, the end, and the last deliveries."""

    actions_detail = ["send_test", "unsubscribe"]

    def offered(self, request: StaffRequest, object_id: str) -> Collection[str]:
        status = found(WebhookEndpoint.objects.only("status"), object_id).status
        if status == _Status.UNSUBSCRIBED:
            return []
        return ["send_test", "unsubscribe"] if status == _Status.ACTIVE else ["unsubscribe"]

    def panels(self, request: StaffRequest, endpoint: WebhookEndpoint) -> list[Panel]:
        if not request.user.has_perm("members.view_delivery"):
            return []
        rows = Delivery.objects.filter(endpoint=endpoint)
        return [last_deliveries(request, rows, f"endpoint__id__exact={endpoint.pk}", title="Last deliveries")]

    @action(
        description="Send a test",
        permission=_PERMISSION,
        icon="send",
        dialog=dialog(
            "Send a test event?",
            "It goes to this endpoint alone, signed like all others. Its page shows what was answered.",
            "Send it",
        ),
    )
    def send_test(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        endpoint = found(WebhookEndpoint.objects.all(), object_id)
        made = endpoints.send_test(endpoint)
        say = "The test is on its way; open this page again in a moment for the answer."
        if endpoint.is_paused(timezone.now()):
            say = "Too much has failed there: the test waits with the rest until “Try again now”, or for a while."
        return self.admin.done(request, endpoint, log="A test was sent.", say=say, opens=made)

    @action(
        description="Unsubscribe",
        permission=_PERMISSION,
        icon="block",
        dialog=dialog("Unsubscribe this endpoint?", _END, "Unsubscribe"),
    )
    def unsubscribe(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        endpoint = found(WebhookEndpoint.objects.all(), object_id)
        ended = endpoints.unsubscribe(endpoint, reason=f"Unsubscribed by {request.user.get_username()}.")
        return self.admin.done(request, ended, log="Unsubscribed.", say="Nothing is sent there any more.")


site.extend(WebhookEndpoint, EndpointDeliveries)
