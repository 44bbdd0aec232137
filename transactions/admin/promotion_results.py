"""What does a promotion bring? Shown on its page, and measured when staff ask for it."""

from django.http import HttpResponse
from django.utils import timezone

from loyalty_site.lib.admin import Dialog, Extension, StaffRequest, action, dialog, found, names_one_of, site
from loyalty_site.lib.panels import Panel
from programs.models import Promotion
from transactions.promoting import holdouts, panels

#: Who may change a promotion may have it measured; what follows from that is written, and nothing else.
_PERMISSION = "programs.change_promotion"

_MEASURE = dialog(
    "Measure now",
    "What members spent who could have it is compared with those who were left out. It changes nothing else.",
    "Measure",
)


class PromotionResults(Extension[Promotion]):
    """The comparison with those who are left out, and the button that makes it anew."""

    actions_detail = ["measure_now"]

    @action(description="Measure now", permission=_PERMISSION, icon="monitoring", dialog=_MEASURE)
    def measure_now(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        promotion = found(Promotion.objects.select_related("program"), object_id)
        holdouts.measure(promotion, now=timezone.now())
        said = "It was measured just now."
        return self.admin.done(request, promotion, log=_MEASURE["title"], say=said, opens=promotion)

    def offered(self, request: StaffRequest, object_id: str) -> list[str]:
        return ["measure_now"] if names_one_of(Promotion.objects.filter(holdout_percent__gt=0), object_id) else []

    def panels(self, request: StaffRequest, row: Promotion) -> list[Panel]:
        return panels.holdout(row) if request.user.has_perm("transactions.view_promotionuse") else []


site.extend(Promotion, PromotionResults)
