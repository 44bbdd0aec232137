"""What do all verbs of the ledger share? The values in and out of one posting, and the checks of one item."""

import hashlib
import json
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta

from loyalty_site.lib.refusals import Refusal, Refused
from members import tiers
from members.models import Member
from partners.activity import Reversal, dump
from programs import periods
from transactions.models import Journal

#: Clocks of tills differ a little; anything later is a mistake.
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item: `status` is "posted", "replayed", "kept" or "refused".

    `answer` is what the sender is told and told again; `refusal` says why nothing was written. Kept: the
    fact is written down and waits (failed, held, or ahead of what it refers to), no points moved.
    """

    status: str
    journal_id: int | None = None
    answer: dict | None = None
    refusal: Refusal | None = None


class InsufficientPoints(Refused):
    code = "insufficient_points"


class InvalidDate(Refused):
    code = "invalid_date"


class MemberNotActive(Refused):
    code = "member_not_active"


class UnknownCurrency(Refused):
    code = "currency_unknown"


class UnknownPartner(Refused):
    code = "partner_unknown"


@dataclass(slots=True)
class Posting:
    """One item on its way into the ledger, with all that its verb needs."""

    books: object
    item: object
    account: object
    catalogue: object
    via: object
    user_id: int | None
    fingerprint: str
    original: object = None
    other: object = None
    resumed: Journal | None = None
    rates: dict | None = None
    #: What happened to orders that are not there yet, and lots of this batch that wait for such an event.
    events: set = field(default_factory=set)
    fresh: list = field(default_factory=list)

    @property
    def configuration(self):
        return self.books.configuration

    @property
    def activity_at(self) -> datetime:
        return self.item.activity_at or self.books.now

    @property
    def since(self):
        """From when on a tier holds that this item reaches: clocks may run ahead, standings do not."""
        return min(self.activity_at, self.books.now)

    def check_member(self):
        """Only an active member earns and spends."""
        if self.account.status != Member.Status.ACTIVE:
            raise MemberNotActive(f"The member is {self.account.status}; reactivate it first.", field="member")

    def check_not_ahead(self):
        """Nothing is booked before it has happened, whatever it is."""
        if self.activity_at > self.books.now + CLOCK_SKEW:
            raise InvalidDate("The date lies in the future; send the fact when it has happened.", field="activity_at")

    def check_date(self):
        """Semantics C16-R1: not too old, not before the enrolment."""
        at, now, terms = self.activity_at, self.books.now, self.configuration
        if at < now - timedelta(days=terms.max_backdate_days):
            detail = f"The program accepts facts of the last {terms.max_backdate_days} days."
            raise InvalidDate(detail, field="activity_at")
        enrolled_on = periods.local_date(self.account.enrolled_at, terms.zone)
        first = enrolled_on - timedelta(days=terms.pre_enrolment_days)
        if periods.local_date(at, terms.zone) < first:
            raise InvalidDate(f"The member may earn and spend from {first} on.", field="activity_at")

    def check_partner(self):
        """A partner that the item names takes part in the program."""
        if self.item.partner and self.item.partner not in self.configuration.partners:
            raise UnknownPartner(f"Partner {self.item.partner} does not take part in the program.", field="partner")

    def currency(self, code):
        """The currency that the sender means by `code`, the primary one by ""."""
        found = self.configuration.currencies.get(code) if code else self.configuration.primary
        if found is None:
            known = ", ".join(self.configuration.currencies) or "none"
            detail = f"The program has these currencies: {known}." if code else "Name the currency."
            raise UnknownCurrency(detail, field="currency")
        return found

    def state(self, currencies):
        """What the sender is told of the member afterwards: balances of `currencies`, and the tiers."""
        return {
            "member": self.account.number,
            "balances": {c.code: self.account.holding(c.id).balance for c in currencies},
            "tiers": tiers.codes(self.configuration, self.account),
        }

    def upgrade(self):
        """Move the member to the tier that the tallies reach now."""
        tiers.upgrade(self.configuration, self.account, activity_at=self.activity_at, since=self.since)

    def of_revision(self):
        """The posting that takes back the revision which this order replaces."""
        name = f"{self.item.replaces} replaced by {self.item.external_id}"[:128]
        # What was paid with points stays paid: the order goes on.
        item = Reversal(
            external_id=name, journal_id=self.original.id, keeps_redemption=True, activity_at=self.item.activity_at
        )
        return replace(self, item=item, resumed=None)

    def key(self):
        """The key of the journal of this posting: a new one, or that of the open journal it decides."""
        return self.resumed.pk if self.resumed else self.books.next_journal()

    def write(self, key, kind, *, answer, **columns):
        """Write the journal of this posting, or the outcome of the open one, and make its Result."""
        columns |= {"member_id": self.account.id if self.account else None, "answer": answer}
        if self.resumed:
            # What was reported stays as it was stored.
            self.books.decide(key, was=self.resumed.status, **(self._decision(columns) | columns))
        else:
            self.books.journal(
                key,
                connection_id=self.via.pk,
                kind=kind.value,
                external_id=self.item.external_id,
                activity_at=self.activity_at,
                user_id=self.user_id,
                fingerprint=self.fingerprint,
                **({"payload": dump(self.item)} | columns),
            )
        return Result("posted", key, answer)

    def _decision(self, columns):
        """Who decided the open journal, when it is decided by this: what goes on waiting is not."""
        if columns.get("status", Journal.Status.PROCESSED.value) == self.resumed.status:
            return {}
        return {name: getattr(self.resumed, name) for name in ("decided_by_id", "decided_by_member_id", "decided_at")}

    def keep(self, kind, status, why, **columns):
        """Write the fact down without booking it: it is `status` because of `why`."""
        answer = {"status": status.value, "detail": why}
        written = self.write(self.key(), kind, answer=answer, status=status.value, error=why, **columns)
        return replace(written, status="kept")


def fingerprint(item):
    """The same for the same content: what tells a repetition from a conflict (semantics C3-R2)."""
    values = [type(item).__name__, *(getattr(item, field.name) for field in fields(item))]
    return hashlib.sha256(_in_one_order(values).encode()).hexdigest()


def _plain(value):
    if isinstance(value, datetime):
        return value.timestamp()
    return [getattr(value, field.name) for field in fields(value)]


_in_one_order = json.JSONEncoder(sort_keys=True, default=_plain).encode
