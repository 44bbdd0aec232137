"""How does a till ask what a basket would earn, and what may be redeemed on it, before anything is paid?"""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import money, problems
from loyalty_site.lib.json_types import Json
from loyalty_site.lib.schema_objects import Fields
from programs.api.endpoint import AddressedProgram
from transactions.api.endpoint import LedgerEndpoint
from transactions.api.schemas import quotes
from transactions.quotes.quoting import quote

_BASKET = {
    "member": {"card": "C-1815"},
    "amount": "59.90",
    "store": "lyon",
    "lines": [{"sku": "TEA-1", "category": "tea", "quantity": 2, "amount": "59.90"}],
}


@extend_schema_view(
    create=extend_schema(
        operation_id="quote_basket",
        summary="What a purchase would earn, and what may be redeemed on it; nothing is written",
        description="Posting the same purchase gives what is told, unless something happens in between.",
        parameters=[OpenApiParameter("code", str, OpenApiParameter.PATH)],
        request={"application/json": quotes.QUOTE_REQUEST.schema()},
        responses={200: quotes.QUOTE.schema()},
        examples=[
            OpenApiExample("A basket", value=_BASKET, request_only=True),
            OpenApiExample("Of somebody who joins just now", value={"amount": "59.90"}, request_only=True),
        ],
    )
)
class QuoteViewSet(AddressedProgram, LedgerEndpoint):
    """Quotes: nothing is written, so asking twice does nothing twice."""

    scopes = {"create": "read"}
    named_by_address = only_reads = {"create"}

    def create(self, request: Request, code: str) -> HttpResponse:
        # Compiled as new as the row of the program that was just read.
        configuration = self.configuration
        asked = problems.refuse(self._schema(request.data, configuration.money), request.data)
        if foreign := self.not_for(asked.item.partner):
            raise problems.Rejected([foreign])
        told = quote(
            asked.item, program_id=self.program.pk, via=self.connection, redeem_currency=asked.redeem_currency
        )
        return self.answer(quotes.quote(told))

    def _schema(self, body: Json, usual: str) -> Fields[quotes.Asked]:
        """Amounts have the decimals of the money that the basket names, or else of the program's."""
        iso = body.get("currency") if isinstance(body, dict) else None
        return quotes.asking(money.exponent(iso if type(iso) is str and iso else usual))
