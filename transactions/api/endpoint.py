"""What do all endpoints of the ledger share? Posting one item, what a key may see, pages of rows."""

from django.urls import reverse

from loyalty_site.lib import problems
from loyalty_site.lib.refusals import Refusal
from partners.api.endpoint import REPLAYED
from programs.api.endpoint import ProgramEndpoint
from transactions import ledger
from transactions.api.schemas import answers
from transactions.models import Journal


def unknown():
    return problems.unlike("transaction_unknown", "The program has no such transaction that this key may see.")


def of_address(field):
    """Where a refusal of what the address names points to: nowhere in the body."""
    return "" if field == "transaction" else field


class LedgerEndpoint(ProgramEndpoint):
    """Posts to the ledger and reads from it."""

    def record(self, items, *, dry_run=False):
        """The Results of `items`; None stands for what could not be read and has no result."""
        fit = [item for item in items if item is not None]
        results = iter(ledger.record(fit, program_id=self.program.pk, via=self.connection, dry_run=dry_run))
        return [None if item is None else next(results) for item in items]

    def post_one(self, item, *, dry_run=False, fields=str, status=201):
        """The HTTP answer to one item, `status` when it is posted. Raises Rejected; `fields` renames what a
        refusal points to."""
        refusal = self.not_ours(item)
        result = None if refusal else self.record([item], dry_run=dry_run)[0]
        refusal = refusal or result.refusal
        if refusal:
            raise problems.Rejected([Refusal(refusal.code, refusal.detail, fields(refusal.field))])
        told = answers.posting(result, dry_run=dry_run)
        where = {"Location": f"{reverse('api:transaction', args=[result.journal_id])}?program={self.program.code}"}
        match told["status"]:
            case "posted":
                return self.answer(told, status=status, **where)
            case "kept":
                return self.answer(told, status=202, **where)
            case "replayed":
                return self.answer(told, **{REPLAYED: "true"})
        return self.answer(told)

    def post_asked(self, shape, make, *, fields=str):
        """The HTTP answer to the one item that `make` makes of the body, read by `shape`."""
        return self.post_one(make(problems.refuse(shape, self.request.data)), fields=fields)

    def not_ours(self, item):
        """Why this key may not report `item`: only the program's owner speaks for other partners. None: it may."""
        partner = getattr(item, "partner", "")
        if partner in ("", self.connection.partner.code) or self.is_owner:
            return None
        return Refusal("partner_not_allowed", "This key reports for its own partner; leave it out.", "partner")

    @property
    def is_owner(self):
        return self.program.owner_id == self.connection.partner_id

    def visible(self, rows, journal=""):
        """The rows of the program that the key may read: all for its owner, what they sent for other partners."""
        rows = rows.filter(**{f"{journal}program": self.program})
        return rows if self.is_owner else rows.filter(**{f"{journal}connection__partner": self.connection.partner_id})

    def journals(self, id):
        """The one Journal of this id, or none."""
        return self.visible(Journal.objects).filter(pk=id)

    def page(self, rows, columns, tell):
        """The HTTP answer with one page of `rows`, filtered as the query says."""
        page = self.paginate_queryset(self.filter_queryset(rows).values(*columns))
        links = {"next": self.paginator.get_next_link(), "previous": self.paginator.get_previous_link()}
        return self.answer(links | {"results": [tell(row) for row in page]})
