"""How does a promotion go? What it gave, to how many, and what that cost, on its page."""

from loyalty_site.lib.admin import Extension, StaffRequest, site
from loyalty_site.lib.panels import Panel
from programs.models import Promotion
from transactions.promoting import panels


class PromotionPanels(Extension[Promotion]):
    """The numbers on the page of a promotion."""

    def panels(self, request: StaffRequest, promotion: Promotion) -> list[Panel]:
        return panels.cost(promotion) if request.user.has_perm("transactions.view_promotionuse") else []


site.extend(Promotion, PromotionPanels)
