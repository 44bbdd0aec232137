"""What is a balance the sum of, and what was a tier reached by? Their pages with the chain behind them."""

from django.contrib import admin

from loyalty_site.lib.panels import Sentences, link
from members.admin.holdings import BalanceAdmin, StandingAdmin
from members.models import Balance, Standing
from transactions.admin import causal_chains
from transactions.models import Entry
from transactions.proof import causes


class BalanceDesk(BalanceAdmin):
    def panels(self, request, balance):
        chain = causes.of_balance(balance)
        return [
            *super().panels(request, balance),
            causal_chains.lots(request, balance.currency, chain["lots"]),
            causal_chains.entries(request, balance.currency, chain["latest"], title="Last entries"),
        ]


class StandingDesk(StandingAdmin):
    def panels(self, request, standing):
        chain = causes.of_tier(standing)
        currency = standing.group.currency
        shown = [*super().panels(request, standing)]
        if entry := chain["reached_by"]:
            text = f"Reached by entry {entry['id']}: {entry['journal']['kind']} {entry['journal']['external_id']}."
            shown.append(Sentences("Why", [link(request, Entry(pk=entry["id"]), text)]))
        return [
            *shown,
            causal_chains.entries(request, currency, chain["counted"], title="What had been counted by then"),
        ]


for model, desk in ((Balance, BalanceDesk), (Standing, StandingDesk)):
    admin.site.unregister(model)
    admin.site.register(model, desk)
