"""What do all endpoints of the ledger share? Posting one item, what a key may see, pages of rows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django.urls import reverse

from loyalty_site.lib import problems
from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.schema_types import SchemaType
from partners.activity import Activity
from partners.api.endpoint import REPLAYED
from programs.api.endpoint import ProgramEndpoint
from transactions import ledger, sharing
from transactions.api.schemas import answers
from transactions.books.items import Item, Result
from transactions.models import Journal

M = TypeVar("M", bound=Model)


def unknown() -> Refused:
    """The failure of an address whose transaction the key does not reach."""
    return problems.unlike("transaction_unknown", "The program has no such transaction that this key may see.")


def of_address(field: str) -> str:
    """Where a refusal of what the address names points to: nowhere in the body."""
    return "" if field == "transaction" else field


class LedgerEndpoint(ProgramEndpoint):
    """Posts to the ledger and reads from it."""

    def record(self, items: Sequence[Item | None], *, dry_run: bool = False) -> list[Result | None]:
        """The Results of `items`; None stands for what could not be read and has no result."""
        fit = [item for item in items if item is not None]
        results = iter(ledger.record(fit, program_id=self.program.pk, via=self.connection, dry_run=dry_run))
        return [None if item is None else next(results) for item in items]

    def post_one(
        self, item: Item, *, dry_run: bool = False, fields: Callable[[str], str] = str, status: int = 201
    ) -> HttpResponse:
        """The HTTP answer to one item, `status` when it is posted. Raises Rejected; `fields` renames what a
        refusal points to."""
        foreign = self.not_ours(item)
        result = Result("refused", refusal=foreign) if foreign else self._record_one(item, dry_run=dry_run)
        if result.refusals:
            raise problems.Rejected(replace(refusal, field=fields(refusal.field)) for refusal in result.refusals)
        answered = answers.posting(result, dry_run=dry_run)
        where = {"Location": f"{reverse('api:transaction', args=[result.journal_id])}?program={self.program.code}"}
        match answered["status"]:
            case "posted":
                return self.answer(answered, status=status, headers=where)
            case "kept":
                return self.answer(answered, status=202, headers=where)
            case "replayed":
                return self.answer(answered, headers={REPLAYED: "true"})
        return self.answer(answered)

    def _record_one(self, item: Item, *, dry_run: bool) -> Result:
        if dry_run:
            return ledger.record([item], program_id=self.program.pk, via=self.connection, dry_run=True)[0]
        return sharing.record_one(item, program_id=self.program.pk, via=self.connection)

    def post_asked(self, body: SchemaType[Item], *, fields: Callable[[str], str] = str) -> HttpResponse:
        """The HTTP answer to the one item that the request's body is read as. Raises Rejected."""
        return self.post_one(problems.refuse(body, self.request.data), fields=fields)

    def not_ours(self, item: Item) -> Refusal | None:
        """Why this key may not report `item`, None where it may.

        Only the program's owner speaks for other partners, and points pay only with a key that may spend them.
        """
        if isinstance(item, Activity) and item.redeem and "burn" not in self.caller.scopes:
            detail = "Points that pay need the scope “burn”, which the key does not have."
            return Refusal("scope_missing", detail, "redeem")
        return self.not_for(getattr(item, "partner", ""))

    def not_for(self, partner: str) -> Refusal | None:
        """Why this key may not speak for `partner` ("" for its own), None where it may."""
        if partner in ("", self.connection.partner.code) or self.is_owner:
            return None
        return Refusal("partner_not_allowed", "This key reports for its own partner; leave it out.", "partner")

    def visible(self, rows: "QuerySet[M]", journal: str = "") -> "QuerySet[M]":
        """The rows of the program that the key may read: all for its owner, what they sent for other partners.

        `journal` is the path from a row to its journal, "journal__" or "" for journals themselves.
        """
        rows = rows.filter(**{f"{journal}program": self.program.pk})
        return rows if self.is_owner else rows.filter(**{f"{journal}connection__partner": self.connection.partner_id})

    def journals(self, id: int) -> "QuerySet[Journal]":
        """The one Journal of this id, or none."""
        return self.visible(Journal.objects.all()).filter(pk=id)
