"""What is a balance the sum of? The chain behind it, on its page."""

from loyalty_site.lib.admin import Extension, StaffRequest, site
from loyalty_site.lib.panels import Panel
from members.models import Balance
from transactions.admin import cause_panels
from transactions.proof import causes


class BalancePanels(Extension[Balance]):
    """The lots that a balance is the sum of, and its last entries."""

    def panels(self, request: StaffRequest, balance: Balance) -> list[Panel]:
        chain = causes.of_balance(balance)
        return [
            cause_panels.lots(request, balance.currency, chain["lots"]),
            cause_panels.entries(request, balance.currency, chain["latest"], title="Last entries"),
        ]


site.extend(Balance, BalancePanels)
