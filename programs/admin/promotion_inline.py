"""Which promotions does a program have, on its page?"""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from loyalty_site.lib.admin import ReadOnlyInline, display
from loyalty_site.lib.panels import link_to
from programs import promotion_states
from programs.models import Promotion


class PromotionInline(ReadOnlyInline):
    """The promotions with their states; each is edited on its own page."""

    model = Promotion
    readonly_fields = ["promotion", "description", "days", "state"]
    fields = [*readonly_fields]
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Promotion]:
        return promotion_states.with_gifts(super().get_queryset(request))

    @display(description="promotion")
    def promotion(self, promotion: Promotion) -> str:
        return link_to(promotion, promotion.name)

    @display(description="days")
    def days(self, promotion: Promotion) -> str:
        return promotion_states.days(promotion)

    @display(description="state")
    def state(self, promotion: Promotion) -> str:
        return promotion_states.WORDS[promotion_states.state(promotion, timezone.now())]
