"""What is a balance the sum of, and what was a tier reached by? The chain behind each, on its page."""

from loyalty_site.lib.admin import Extension, StaffRequest, site
from loyalty_site.lib.panels import Panel, Sentences, link
from members.models import Balance, Standing
from transactions.admin import cause_panels
from transactions.models import Entry
from transactions.proof import causes


class BalancePanels(Extension[Balance]):
    """The lots that a balance is the sum of, and its last entries."""

    def panels(self, request: StaffRequest, balance: Balance) -> list[Panel]:
        chain = causes.of_balance(balance)
        return [
            cause_panels.lots(request, balance.currency, chain["lots"]),
            cause_panels.entries(request, balance.currency, chain["latest"], title="Last entries"),
        ]


class StandingPanels(Extension[Standing]):
    """The entry by which a tier was reached, and what had been counted by then."""

    def panels(self, request: StaffRequest, standing: Standing) -> list[Panel]:
        chain = causes.of_tier(standing)
        shown: list[Panel] = []
        if entry := chain["reached_by"]:
            text = f"Reached by entry {entry['id']}: {entry['journal']['kind']} {entry['journal']['external_id']}."
            shown.append(Sentences("Why", [link(request, Entry(pk=entry["id"]), text)]))
        title, currency = "What had been counted by then", standing.group.currency
        return [*shown, cause_panels.entries(request, currency, chain["counted"], title=title)]


site.extend(Balance, BalancePanels)
site.extend(Standing, StandingPanels)
