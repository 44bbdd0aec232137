"""A shop in which each page of the back office has something to show."""

from datetime import timedelta

from django.utils import timezone

from members.models import Card, Consent, ExternalId, Tag
from partners import keys
from partners.models import Connection
from programs.models import Benefit, ExchangeRate, Participation, Tier
from tests.support import factories
from transactions.models import Journal


class Shop:
    """`ada` has bought (with a line of a product), was refunded, and has redeemed.

    `suffix` makes the codes of another one beside it.
    """

    def __init__(self, suffix=""):
        owner = factories.partner(f"alpine{suffix}", name="Alpine Sports")
        self.store = factories.store(owner, "lyon", city="Lyon")
        factories.product(owner, "SKI-1", "skis", name="Skis")
        # A number that began with 00 would be looked for as a phone number of another country.
        self.program = factories.program(f"alpine{suffix}", owner=owner, name="Alpine Club", number_prefix="7")
        guest = factories.partner(f"cafe{suffix}", name="Café du Lac")
        Participation.objects.create(program=self.program, partner=guest)
        self.program.refresh_from_db()
        self.till = Connection.of(owner, Connection.Platform.API)
        self.key, _ = keys.issue(self.till, name="Till", scopes=["read", "earn"])
        factories.rule(
            self.program,
            "weekend",
            "fixed",
            {"points": "20", "events": "purchase"},
            conditions={"weekdays": [6, 7], "channels": ["store"]},
            group="extra",
        )
        ExchangeRate.objects.create(program=self.program, money="USD", on="2020-01-01", rate="0.92")
        silver = Tier.objects.get(group__program=self.program, code="silver")
        Benefit.objects.create(tier=silver, code="lounge", name="Lounge", kind="access")
        self.program.refresh_from_db()
        self.ada = factories.member(self.program, phone="+33612345678", last_name="Lovelace")
        Card.objects.create(member=self.ada, number="C-1815")
        ExternalId.objects.create(customer=self.ada.customer, connection=self.till, value="crm-7")
        Consent.objects.create(customer=self.ada.customer, channel="email", is_given=True)
        Tag.objects.create(customer=self.ada.customer, name="vip")
        self.bought = self._post(
            factories.purchase(
                self.ada, 60000, "order-1", lines=(factories.line("SKI-1", 60000, tax=10000),), store="lyon"
            )
        )
        self.second = self._post(factories.purchase(self.ada, 5000, "order-2"))
        self.redeemed = self._post(factories.redemption(self.ada, 40, "spend-1", reason="A cap"))
        self.reversal = self._post(factories.reversal(self.second.pk, reason="Returned"))

    def _post(self, item):
        result = factories.post_one(self.program, item, via=self.till)
        return Journal.objects.get(pk=result.journal_id)


def soon():
    return timezone.now() + timedelta(days=30)
