"""How do other systems spend, reserve, give away, refund by order, and correct points?"""

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view

from loyalty_site.lib import money, problems
from loyalty_site.lib.refusals import Refusal
from programs.api.views import PROGRAM
from transactions.api import answers, requests
from transactions.api.endpoint import LedgerEndpoint, of_address, unknown
from transactions.models import Journal
from transactions.verbs.accruals import ISO

_ADA, _BOB = {"number": "1234567897"}, {"card": "C-1815"}
_REDEMPTION = {"external_id": "voucher-7", "member": _ADA, "points": 500, "reason": "Tea for two"}
_RESERVATION = {"external_id": "cart-7", "member": _ADA, "points": 500, "reserve_s": 900, "basket": "80.00"}
_REFUND = {"external_id": "refund-1", "order": "order-1001", "amount": "29.95"}
_TRANSFER = {"external_id": "gift-1", "member": _ADA, "to": _BOB, "points": 100}
_ADJUSTMENT = {"external_id": "sorry-1", "member": _ADA, "points": 50, "reason": "Parcel was late"}
_ID = OpenApiParameter("id", int, OpenApiParameter.PATH)


def _posts(operation_id, summary, shape, *codes, description="", parameters=(), **examples):
    """The schema of an address that posts one item, and answers with one of `codes`."""
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description or None,
        parameters=[PROGRAM, *parameters],
        request={"application/json": shape.schema()},
        responses={code: answers.POSTING.schema() for code in codes},
        examples=[OpenApiExample(name, value=value, request_only=True) for name, value in examples.items()],
    )


@extend_schema_view(
    create=_posts(
        "redeem_points",
        "Spend points of a member, or set them aside",
        requests.REDEMPTION,
        *(200, 201, 202),
        description="202: somebody of the group whose points they are has to approve it first.",
        reward=_REDEMPTION,
        reservation=_RESERVATION,
    ),
)
class RedemptionViewSet(LedgerEndpoint):
    """Redemptions; they are listed among the transactions."""

    scopes = {"create": "burn", "confirm": "burn", "release": "burn"}

    def create(self, request):
        # The worth of a basket is in the money of the program.
        shape = requests.redemption(money.exponent(self.configuration.money))
        return self.once(lambda: self.post_asked(shape, requests.as_redemption))

    @_posts(
        "confirm_redemption",
        "Spend what was reserved; said twice, it counts once",
        requests.DECISION,
        200,
        parameters=[_ID],
        confirmation={},
    )
    def confirm(self, request, id):
        return self.once(lambda: self._decide(id, "confirm"))

    @_posts(
        "release_redemption",
        "Give back what was reserved; said twice, it counts once",
        requests.DECISION,
        200,
        parameters=[_ID],
        release={"reason": "The cart was left"},
    )
    def release(self, request, id):
        return self.once(lambda: self._decide(id, "release"))

    def _decide(self, id, deed):
        asked = problems.refuse(requests.DECISION, self.request.data)
        if not self.journals(id).exists():
            raise unknown()
        # Nothing new is made: the reservation has another state.
        return self.post_one(requests.as_decision(id, deed, asked), fields=of_address, status=200)


def _of_order(field):
    """What the ledger calls the transaction is called the order here."""
    return "order" if field == "transaction" else field


@extend_schema_view(
    create=_posts(
        "refund_order",
        "Take back an order, or a part of it, by its external_id",
        requests.REFUND,
        *(200, 201, 202),
        description="202: the order is not here yet, or not decided; the refund waits for it.",
        refund=_REFUND,
    ),
)
class ReversalViewSet(LedgerEndpoint):
    """Refunds that name the order as their sender does; they may come before it."""

    scopes = {"create": "burn"}

    def create(self, request):
        return self.once(self._create)

    def _create(self):
        body = self.request.data
        iso = self._money(body if isinstance(body, dict) else {})
        shape = requests.refund(money.exponent(iso))
        return self.post_asked(shape, lambda asked: requests.as_refund(asked, iso), fields=_of_order)

    def _money(self, asked):
        """The money of the order; while that is not here, what the sender says, or the program's."""
        said, known = asked.get("currency"), ""
        order = requests.REFUND.fields["order"].read(asked.get("order"), "order", errors := [])
        if not errors:
            sent = Journal.objects.filter(program=self.program, connection=self.connection, kind=Journal.Kind.ACCRUAL)
            known = sent.filter(external_id=order).values_list("money", flat=True).first()
        if not isinstance(said, str) or not said:
            return known or self.configuration.money
        if not ISO.fullmatch(said):
            detail = "Use the three capital letters of ISO 4217, for example EUR."
            raise problems.Rejected([Refusal("currency_unknown", detail, "currency")])
        if known and said != known:
            raise problems.Rejected([Refusal("wrong_measure", f"The order was paid in {known}.", "currency")])
        return said


@extend_schema_view(
    create=_posts(
        "transfer_points",
        "Give points of a member to another one",
        requests.TRANSFER,
        *(200, 201),
        gift=_TRANSFER,
    ),
)
class TransferViewSet(LedgerEndpoint):
    """Gifts from member to member of one program."""

    scopes = {"create": "burn"}

    def create(self, request):
        return self.once(lambda: self.post_asked(requests.TRANSFER, requests.as_transfer))


@extend_schema_view(
    create=_posts(
        "adjust_points",
        "Credit or debit points by hand, with a reason",
        requests.ADJUSTMENT,
        *(200, 201),
        apology=_ADJUSTMENT,
    ),
)
class AdjustmentViewSet(LedgerEndpoint):
    """Corrections that no rule would make."""

    scopes = {"create": "adjust"}

    def create(self, request):
        return self.once(lambda: self.post_asked(requests.ADJUSTMENT, requests.as_adjustment))
