"""How do points move on a balance that is in hand: given, taken, set free? What every verb of the ledger is made of.

Each move writes one entry and keeps the lots in step, so that every part of a balance is the sum of its lots.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from members import tiers
from members.holdings import Account, Holding, Lifetime
from members.ladder import Ladder
from members.tiers import Fact
from programs.configuration import Currency
from programs.expiry import NEVER, End, days_from, end_of_inactivity, end_of_lot, extended
from transactions.books import chain
from transactions.books import lots as order_of
from transactions.books.escrows import Escrow
from transactions.books.lots import LotState, Use, remaining, split
from transactions.models import Entry

if TYPE_CHECKING:
    from transactions.books.unit_of_work import Books

Kind = Entry.Kind

#: These sums count what came in; the others what was taken, and grow when points go.
_COUNT_INCOME = ("earned", "transferred", "opening")


class Cause:
    """Why points move: the journal that is written about it, and when what it tells of happened.

    `text` is that instant as it is hashed.
    """

    __slots__ = ("at", "journal_id", "text")

    def __init__(self, journal_id: int, at: datetime, text: str = "") -> None:
        self.journal_id, self.at, self.text = journal_id, at, text or chain.text(at)


class Moved(NamedTuple):
    """What an entry adds to each part of the balance, in the currency's smallest unit."""

    available: int = 0
    pending: int = 0
    reserved: int = 0
    arrears: int = 0


class BalanceInHand:
    """One member's points of one currency while the member is locked."""

    __slots__ = ("account", "books", "currency", "holding")

    def __init__(self, books: "Books", account: Account, currency: Currency) -> None:
        self.books, self.account, self.currency = books, account, currency
        self.holding: Holding = account.holding(currency.id)

    # Its lots.

    @property
    def lots(self) -> list[LotState]:
        """The known lots of this balance."""
        return list(self.books.lots.get((self.account.id, self.currency.id), {}).values())

    @property
    def live_lots(self) -> list[LotState]:
        """Those with something left, pending ones too."""
        return [lot for lot in self.lots if lot.remaining]

    def usable_lots(self, at: datetime) -> list[LotState]:
        """The lots that a debit at `at` may use, in the currency's consumption order."""
        usable = [lot for lot in self.lots if lot.is_usable(at)]
        order_of.sort(usable, self.currency.consumption)
        return usable

    def descendant_lots(self, entry: int) -> list[LotState]:
        """What there is here of the points that the entry with this key gave: its lot, or those in its place."""
        return [lot for lot in self.live_lots if entry in (lot.id, lot.origin_id)]

    # Moves.

    def entry(self, kind: Kind, points: int, moved: Moved, cause: Cause, lifetime: Lifetime | None = None) -> int:
        """Write one line of the ledger behind the member's last, and move the balance; returns its key.

        `points` is what a statement shows, `lifetime` the sum that it counts in.
        """
        holding = self.holding
        holding.move(*moved)
        if lifetime:
            grown = points if lifetime in _COUNT_INCOME else -points
            setattr(holding, lifetime, getattr(holding, lifetime) + grown)
        return self.books.add_entry(self, kind.value, points, moved, cause)

    def credit(
        self,
        points: int,
        cause: Cause,
        *,
        kind: Kind = Kind.CREDIT,
        end: End = NEVER,
        escrow: Escrow | None = None,
        origin_id: int | None = None,
        lifetime: Lifetime | None = None,
    ) -> int:
        """Give `points` in a lot that ends at `end`; pending ones stay so until their `escrow` ends.

        Arrears are paid first, from the lot at its birth (C14-R4). Qualifying points, which are never spent
        and never expire, have no lot unless they are pending. Returns the key of the entry.
        """
        holding = self.holding
        paid = 0 if escrow else min(points, holding.arrears)
        moved = Moved(pending=points) if escrow else Moved(available=points - paid, arrears=-paid)
        key = self.entry(kind, points, moved, cause, lifetime)
        if self.currency.is_spendable or escrow:
            lot = self._new_lot(key, points, cause, end, escrow, origin_id)
            if paid:
                self.books.use(key, lot, paid)
            holding.wake_at(lot.changes_at)
            self.start_clock(self.books.now)
        return key

    def _new_lot(
        self, key: int, points: int, cause: Cause, end: End, escrow: Escrow | None, origin_id: int | None
    ) -> LotState:
        """The lot of the credit with this key, among the known ones."""
        lot = LotState(
            id=key,
            member_id=self.account.id,
            currency_id=self.currency.id,
            points=points,
            remaining=points,
            activity_at=cause.at,
            is_pending=bool(escrow and points),
            origin_id=origin_id,
            is_floored=end.is_floored,
            expires_at=end.at,
            is_new=True,
        )
        if escrow:
            lot.available_at, lot.waits_for, lot.deadline_at = (
                escrow.available_at,
                escrow.waits_for,
                escrow.deadline_at,
            )
        self.books.add_lot(lot)
        return lot

    def debit(
        self,
        points: int,
        cause: Cause,
        lots: Iterable[LotState],
        *,
        kind: Kind = Kind.DEBIT,
        lifetime: Lifetime | None = None,
    ) -> list[Use]:
        """Take `points` from `lots` in their order, available or pending; a reservation sets them aside.

        What the lots do not hold becomes arrears: the caller has checked that the program wants that.
        Qualifying points without lots are taken from the balance itself.
        """
        uses = list(split(points, lots))
        pending = sum(used for lot, used in uses if lot.is_pending)
        free = sum(used for lot, used in uses if not lot.is_pending)
        if not self.currency.is_spendable:
            free += min(points - pending - free, self.holding.available - free)
        reserved = points if kind == Kind.RESERVE else 0
        key = self.entry(kind, -points, Moved(-free, -pending, reserved, points - free - pending), cause, lifetime)
        for lot, used in uses:
            self.books.use(key, lot, used)
        return uses

    def end(self, lots: Sequence[LotState], cause: Cause, *, kind: Kind = Kind.EXPIRY) -> None:
        """Time takes all that is left of `lots`: they expire, or the event that they waited for never came."""
        lifetime: Lifetime = "expired" if kind == Kind.EXPIRY else "reversed"
        for lot, ended in self.debit(remaining(lots), cause, lots, kind=kind, lifetime=lifetime):
            self.books.note_gone(self.account, lot, ended, is_cancelled=kind != Kind.EXPIRY)

    def put_back(self, uses: Sequence[Use], cause: Cause, *, kind: Kind, lifetime: Lifetime | None = None) -> int:
        """Return points to the lots that they came from; returns how many there were."""
        total = sum(used for _, used in uses)
        if not total:
            return 0
        is_reservation = kind == Kind.UNRESERVE
        paid = min(total, self.holding.arrears)
        moved = Moved(available=total - paid, reserved=-total if is_reservation else 0, arrears=-paid)
        key = self.entry(kind, total, moved, cause, lifetime)
        for lot, used in uses:
            self.books.use(key, lot, -used)
            self.holding.wake_at(lot.expires_at)
        for lot, used in split(paid, [lot for lot, _ in uses]):
            self.books.use(key, lot, used)
        self.start_clock(cause.at if is_reservation else self.books.now)
        return total

    def release(self, lots: Sequence[LotState], cause: Cause) -> int:
        """Make pending `lots` spendable; arrears are paid first. Returns how many points there were."""
        total = remaining(lots)
        if not total:
            return 0
        paid = min(total, self.holding.arrears)
        key = self.entry(Kind.RELEASE, total, Moved(available=total - paid, pending=-total, arrears=-paid), cause)
        for lot in lots:
            lot.release(cause.at)
            self.holding.wake_at(lot.expires_at)
        for lot, used in split(paid, lots):
            self.books.use(key, lot, used)
        self.start_clock(cause.at)
        return total

    def count(self, points: int, cause: Cause) -> None:
        """Count qualifying points of what happened now, or is reported late, for the tiers (C16-R3)."""
        now = self.books.now
        since = min(cause.at, now)
        self.count_fact(points, Fact(cause.at, now, since, caused_by=cause.journal_id))

    def count_fact(self, points: int, fact: Fact) -> None:
        """Move the tallies of the windows in which `fact` counts."""
        if self.currency.is_spendable:
            return
        configuration = self.books.configuration
        for group in configuration.tier_groups.values():
            if self.currency.code in group.criteria:
                tiers.count(Ladder(configuration, group, self.account), self.currency, points, fact)

    # Its end.

    def end_of(self, *, earned_at: datetime, released_at: datetime | None = None) -> End:
        """When new points end; the clock starts at their release unless the currency says earning.

        Qualifying points never end. None end before their release, or soon behind it.
        """
        currency, now = self.currency, self.books.now
        if not currency.is_spendable:
            return NEVER
        starts = earned_at if currency.expiry_starts == "earning" else released_at or earned_at
        return end_of_lot(
            currency.expiry,
            earned_at=starts,
            processed_at=max(now, released_at or now),
            zone=self.books.configuration.zone,
            enrolled_at=self.account.enrolled_at,
        )

    def keep_alive(self, activity: str, at: datetime, *, counts: bool = False) -> None:
        """Note that the member was active: under the activity model the whole balance lives on (C10-R3).

        It `counts` where a rule says so, whatever the expiry rule counts.
        """
        holding, terms = self.holding, self.currency.expiry
        holding.note_activity(at)
        self.account.is_touched = True
        if terms.model != "activity" or not self.currency.is_spendable:
            return
        if not counts and not terms.counts_activity(activity):
            return
        end = end_of_inactivity(terms, last_activity_at=at, zone=self.books.configuration.zone)
        self.start_clock(self.books.now)
        if holding.expires_at is None or end > holding.expires_at:
            holding.live_until(end)

    def start_clock(self, at: datetime) -> None:
        """No balance lives without an end under the activity model: when it has none, its clock starts at `at`.

        The enrolment is the first activity, but nothing has expired from the start.
        """
        terms = self.currency.expiry
        if terms.model != "activity" or self.holding.expires_at is not None or not self.currency.is_spendable:
            return
        enrolled_at, zone = self.account.enrolled_at, self.books.configuration.zone
        # Where only some activities count, the last one may be none of them.
        active_at = max(enrolled_at, (None if terms.counts else self.holding.last_activity_at) or enrolled_at)
        silent_until = end_of_inactivity(terms, last_activity_at=active_at, zone=zone)
        shortest = days_from(at, terms.min_validity_days, zone, terms.period_end)
        self.holding.live_until(max(silent_until, shortest))

    @property
    def extension_months(self) -> int:
        """The longest extension of the currency and of the tiers that the member has."""
        held = {standing.tier_id for standing in self.account.tiers.values()}
        groups = self.books.configuration.tier_groups.values()
        longer = [tier.extension_months for group in groups for tier in group.tiers if tier.id in held]
        return max(self.currency.expiry.extension_months, *longer, 0)

    def extend(self, end: datetime) -> datetime:
        """The end `end` moved on by the longest extension."""
        return extended(end, months=self.extension_months, zone=self.books.configuration.zone)
