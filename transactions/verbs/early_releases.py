"""How are pending points made spendable before their time? A member of staff says why (semantics C9-R4)."""

from collections.abc import Iterator

from loyalty_site.lib.refusals import Refusal
from partners import limits
from partners.activity import EarlyRelease
from transactions.books import settlement
from transactions.books.items import Result
from transactions.books.posting import Posting
from transactions.books.references import Named
from transactions.models import Journal
from transactions.verbs import groups
from transactions.verbs.adjustments import check_reason
from transactions.verbs.base import Needs, Verb
from transactions.verbs.reversals import EARLY_RELEASE, NotReversible


class ReleaseEarly(Verb[EarlyRelease]):
    """Make the pending points of a journal spendable now."""

    Item = EarlyRelease
    kind = Journal.Kind.ADJUSTMENT

    def check(self, item: EarlyRelease) -> Iterator[Refusal]:
        yield from limits.numbers(item)

    def needs(self, item: EarlyRelease) -> Needs:
        return Needs(external_id=item.external_id, named=Named(item.journal_id), payers=True, lots=True)

    def post(self, posting: Posting[EarlyRelease]) -> Result:
        item, books, original = posting.item, posting.books, posting.original
        check_reason(item.reason)
        pending = list(groups.pending_lots(books, original, posting.account)) if original else []
        if not pending:
            raise NotReversible("The transaction has no pending points.", field="transaction")
        cause, moved = posting.cause(), dict[str, int]()
        keeps_end = bool(original and original.payload.get("usable_through"))
        for hand, lot in pending:
            moved[hand.currency.code] = moved.get(hand.currency.code, 0) + lot.remaining
            settlement.release_now(hand, lot, cause, keeps_end=keeps_end)
        return posting.write(
            cause.journal_id,
            kind=Journal.Kind.ADJUSTMENT.value,
            external_id=item.external_id,
            answer={"released": moved} | posting.state(posting.configuration.currencies.values()),
            activity=EARLY_RELEASE,
            reason=item.reason,
        )
