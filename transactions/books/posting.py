"""What does a verb of the ledger work on? One item on its way into the ledger, and the checks that verbs share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Generic, NamedTuple, TypeAlias, TypeVar, Unpack, cast

from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refused
from members import reassessing, tiers
from members.holdings import Account
from members.models import Member
from partners.callers import Via
from partners.catalogue import Catalogue
from partners.stored import dump
from programs import periods
from programs.configuration import Configuration, Currency
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.columns import JournalColumns
from transactions.books.held_told import Held
from transactions.books.idempotency import Known
from transactions.books.items import Item, Result
from transactions.books.lots import LotState
from transactions.books.originals import Original
from transactions.books.unit_of_work import Books
from transactions.models import Journal

#: Clocks of tills differ a little; anything later is a mistake.
CLOCK_SKEW = timedelta(minutes=5)

#: {(ISO code of foreign money, day): (rate, day of the rate)}.
Rates: TypeAlias = dict[tuple[str, date], tuple[Decimal, date]]

I_co = TypeVar("I_co", bound=Item, covariant=True)


class InsufficientPoints(Refused):
    """The member has fewer points than are to be taken."""

    code = "insufficient_points"


class InvalidDate(Refused):
    """The date lies in the future, before the enrolment, or too far back."""

    code = "invalid_date"


class MemberNotActive(Refused):
    """The member may not take part in it while paused or closed."""

    code = "member_not_active"


class UnknownCurrency(Refused):
    """The program has no such currency, or it is not made for this."""

    code = "currency_unknown"


class UnknownPartner(Refused):
    """The partner does not take part in the program."""

    code = "partner_unknown"


class Fresh(NamedTuple):
    """A lot of this batch that waits for an event of its order."""

    order: str
    member_id: int
    lot: LotState


@dataclass(frozen=True, slots=True)
class Context:
    """What all items of a batch have in common. `fresh` grows while they are posted, as `known` does; `lists_of` maps
    SKUs to the codes of the lists that have them, where rules ask."""

    books: Books
    catalogue: Catalogue
    via: Via
    user_id: int | None
    rates: Rates
    known: Known
    fresh: list[Fresh] = field(default_factory=list)
    lists_of: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Posting(Generic[I_co]):
    """One item with all that its verb needs.

    `owner` is the member whose points move, None while what the item is about is not here yet; `second` the other
    member that it names; `original` the journal that it is about; `resumed` the open journal whose outcome it is.
    """

    context: Context
    item: I_co
    fingerprint: str
    owner: Account | None
    second: Account | None = None
    original: Original | None = None
    resumed: Journal | None = None
    #: Whoever posts asks for these many times.
    books: Books = field(init=False)
    configuration: Configuration = field(init=False)
    activity_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.books = self.context.books
        self.configuration = self.books.configuration
        self.activity_at = self.item.activity_at or self.books.now

    @property
    def account(self) -> Account:
        """The member whose points move; for verbs that cannot do without one. Raises LookupError."""
        if self.owner is None:
            raise LookupError("The item is about something that is not here yet.")
        return self.owner

    @property
    def about(self) -> Original:
        """The journal that the item is about; for verbs that cannot do without one. Raises LookupError."""
        if self.original is None:
            raise LookupError("The item is about something that is not here yet.")
        return self.original

    def balance(self, currency: Currency) -> BalanceInHand:
        """The balance of the member whose points move."""
        return self.books.balance(self.account, currency)

    # Checks. Each raises Refused.

    def check_member(self) -> None:
        """Only an active member earns and spends."""
        if self.account.status != Member.Status.ACTIVE:
            raise MemberNotActive(f"The member is {self.account.status}; reactivate it first.", field="member")

    def check_not_ahead(self) -> None:
        """Nothing is booked before it has happened, whatever it is."""
        if self.activity_at > self.books.now + CLOCK_SKEW:
            raise InvalidDate("The date lies in the future; send the fact when it has happened.", field="activity_at")

    def check_date(self) -> None:
        """Semantics C16-R1: not too old, not before the enrolment."""
        at, now, terms = self.activity_at, self.books.now, self.configuration
        if at < now - timedelta(days=terms.max_backdate_days):
            detail = f"The program accepts facts of the last {terms.max_backdate_days} days."
            raise InvalidDate(detail, field="activity_at")
        if at >= self.account.enrolled_at:
            return
        enrolled_on = periods.local_date(self.account.enrolled_at, terms.zone)
        first = enrolled_on - timedelta(days=terms.pre_enrolment_days)
        if periods.local_date(at, terms.zone) < first:
            raise InvalidDate(f"The member may earn and spend from {first} on.", field="activity_at")

    def check_partner(self, partner: str) -> None:
        """A partner that the item names takes part in the program."""
        if partner and partner not in self.configuration.partners:
            raise UnknownPartner(f"Partner {partner} does not take part in the program.", field="partner")

    def currency(self, code: str) -> Currency:
        """The currency that the sender means by `code`, the primary one by ""."""
        found = self.configuration.currencies.get(code) if code else self.configuration.primary
        if found is None:
            known = ", ".join(self.configuration.currencies) or "none"
            detail = f"The program has these currencies: {known}." if code else "Name the currency."
            raise UnknownCurrency(detail, field="currency")
        return found

    # Outcomes.

    def state(self, currencies: Iterable[Currency]) -> JsonObject:
        """What is answered about the member afterwards: balances of `currencies`, and the tiers."""
        account = self.account
        return {
            "member": account.number,
            "balances": {c.code: account.holding(c.id).balance for c in currencies},
            "tiers": tiers.codes(self.configuration, account),
        }

    def upgrade(self) -> None:
        """Move the member to the tier that the tallies reach now."""
        tiers.upgrade(self.configuration, self.account, now=self.books.now)

    def revert(self, journal_id: int) -> None:
        """Take back the tiers that a journal, of which points were taken back, had reached (C15-R8)."""
        reassessing.revert(self.configuration, self.account, journal_id=journal_id, now=self.books.now)

    def counted_on(self) -> str | None:
        """The day in whose cycles it counts for tiers, because its own were over; None for its own."""
        at, now = self.activity_at, self.books.now
        if tiers.counts_elsewhere(self.configuration, self.account, at=at, known_at=now):
            return self.books.today.isoformat()
        return None

    def cause(self) -> Cause:
        """What the entries of this posting are written under: a new journal, or the open one that it decides."""
        return Cause(self.resumed.pk if self.resumed else self.books.next_journal(), self.activity_at)

    def write(self, key: int, **said: Unpack[JournalColumns]) -> Result:
        """Write the journal `key` of this posting, or the outcome of the open one, and make its Result.

        `said` are the columns of which the verb speaks; kind, external_id and answer are always among them.
        """
        said["member_id"] = self.owner.id if self.owner else None
        if self.resumed:
            # What was reported stays as it was stored.
            said.update(self._decision(said))
            self.books.decide(key, was=self.resumed.status, **said)
        else:
            said["connection_id"], said["user_id"] = self.context.via.pk, self.context.user_id
            said["fingerprint"], said["activity_at"] = self.fingerprint, self.activity_at
            said["payload"] = dump(self.item)
            self.books.journal(key, **said)
        return Result("posted", key, said["answer"])

    def _decision(self, said: JournalColumns) -> JournalColumns:
        """Who decided the open journal, when it is decided by this: what goes on waiting is not."""
        resumed = self.resumed
        if resumed is None or said.get("status", Journal.Status.PROCESSED.value) == resumed.status:
            return {}
        return {
            "decided_by_id": resumed.decided_by_id,
            "decided_by_member_id": resumed.decided_by_member_id,
            "decided_at": resumed.decided_at,
        }

    def keep(self, state: Journal.Status, why: str, **said: Unpack[JournalColumns]) -> Result:
        """Write the fact down without booking it: it is in this `state` because of `why`, which is answered, too."""
        said["status"], said["error"] = state.value, why
        said["answer"] = said.get("answer", {}) | {"status": state.value, "detail": why}
        return replace(self.write(self.cause().journal_id, **said), status="kept")

    def hold_for_staff(self, why: str, **said: Unpack[JournalColumns]) -> Result:
        """Keep what its sender wants to have looked at, and let those hear of it who may decide it."""
        kept, who = self.keep(Journal.Status.HELD, why, **said), self.account
        self.books.held.append(Held(cast(int, kept.journal_id), said["external_id"], who.id, who.number))
        return kept
