"""Which invariants need Python, because a hash, a calendar or an order decides? Entries in one stream."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, tzinfo
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Literal, NamedTuple, TypeAlias, cast

from members.models import Balance, Member, Tally
from programs import versions
from programs.models import Currency
from programs.periods import local_date
from transactions.books import chain
from transactions.models import Entry, Journal
from transactions.models.journal_traces import OpeningTrace
from transactions.proof.audit.drift import Drift, Members


class StoredEntry(chain.Linked):
    """An entry with its key and its own link of the chain."""

    id: int
    chain: str


#: What changes how many qualifying points were earned.
_COUNTED_KINDS = (
    Entry.Kind.CREDIT,
    Entry.Kind.DEBIT,
    Entry.Kind.REVERSAL_DEBIT,
    Entry.Kind.REVERSAL_CREDIT,
    Entry.Kind.TRANSFER_IN,
    Entry.Kind.TRANSFER_OUT,
    Entry.Kind.OPENING,
)

#: {(tier group id, currency id, first day of the window): points}.
Tallies: TypeAlias = dict[tuple[int, int, date], int]


def entries_follow_each_other(members: Members) -> Iterator[Drift]:
    """Sequences without a gap, hashes that fit, running balances; and the member's row is the end of it."""
    rows = Member.objects.filter(pk__in=members.ids).values_list("pk", "sequence", "chain")
    ends = {pk: (sequence, value) for pk, sequence, value in rows}
    columns = ("id", "chain", *chain.FIELDS, "activity_at", "posted_at")
    entries = Entry.objects.filter(member__in=members.ids).order_by("member_id", "sequence").values(*columns)
    stored = cast("Iterator[StoredEntry]", entries.iterator())
    for member_id, own in groupby(stored, key=itemgetter("member_id")):
        walk = _Walk(members, member_id)
        for entry in own:
            yield from walk.pass_by(entry)
        yield from walk.end(*ends.pop(member_id))
    for member_id, (sequence, value) in ends.items():
        yield from _Walk(members, member_id).end(sequence, value)


class _Walk:
    """Along the entries of one member, from the first to the last."""

    def __init__(self, members: Members, member_id: int) -> None:
        self.members, self.member_id = members, member_id
        self.sequence, self.chain = 0, ""
        self.balances: dict[int, int] = {}

    def pass_by(self, entry: StoredEntry) -> Iterator[Drift]:
        """What differs in the next entry."""
        currency_id = entry["currency_id"]
        moved = entry["available"] - entry["arrears"]
        expected: dict[Literal["sequence", "chain", "balance_after"], int | str] = {
            "sequence": self.sequence + 1,
            "chain": chain.link(self.chain, entry),
            "balance_after": self.balances.get(currency_id, 0) + moved,
        }
        # Go on from what is stored, so that one defect is reported once.
        self.sequence, self.chain = entry["sequence"], entry["chain"]
        self.balances[currency_id] = entry["balance_after"]
        for name, computed in expected.items():
            if entry[name] != computed:
                what = f"{name} of entry {entry['id']}"
                yield self.members.drift(self.member_id, currency_id, what, entry[name], computed)

    def end(self, sequence: int, value: str) -> Iterator[Drift]:
        """What differs in the member's row, which is the end of its entries."""
        if sequence != self.sequence:
            yield self.members.drift(self.member_id, None, "the last sequence", sequence, self.sequence)
        if value != self.chain:
            yield self.members.drift(self.member_id, None, "the last chain", value, self.chain)


def tallies_count_what_was_earned(members: Members) -> Iterator[Drift]:
    """Each tally is the sum of its currency's entries in its window, under the terms at their posting."""
    entries = Entry.objects.filter(
        member__in=members.ids, currency__kind=Currency.Kind.QUALIFYING, kind__in=_COUNTED_KINDS
    )
    moved = entries.order_by("member_id").values_list(
        "member_id",
        "currency_id",
        "points",
        "pending",
        "lot__is_pending",
        "traces__lot__is_pending",
        "activity_at",
        "journal__reverses__activity_at",
        "journal__program_version",
        "lot__available_at",
        "traces__lot__available_at",
        "journal__trace__counted_on",
        "journal__reverses__trace__counted_on",
    )
    enrolled = dict(Member.objects.filter(pk__in=members.ids).values_list("pk", "enrolled_at"))
    stored: dict[int, Tallies] = {}
    rows = Tally.objects.filter(member__in=members.ids)
    names = ("member_id", "group_id", "currency_id", "period", "points")
    for member_id, group_id, currency_id, period, points in rows.values_list(*names):
        stored.setdefault(member_id, {})[group_id, currency_id, period] = points
    for member_id, own in groupby((_Moved(*row) for row in moved.iterator()), key=attrgetter("member_id")):
        yield from _compare_tallies(
            members, member_id, stored.pop(member_id, {}), _tallied(members, own, enrolled[member_id])
        )
    for member_id, tallies in stored.items():
        yield from _compare_tallies(members, member_id, tallies, {})


class _Moved(NamedTuple):
    """What an entry moved of qualifying points, and what decides whether and where it counts."""

    member_id: int
    currency_id: int
    points: int
    pending: int
    is_born_pending: bool | None
    is_taken_pending: bool | None
    activity_at: datetime
    undone_at: datetime | None
    version: int
    released_at: datetime | None
    taken_released_at: datetime | None
    counted_on: str | None
    undone_counted_on: str | None

    @property
    def happened_at(self) -> datetime:
        """When that happened which counts: what is taken back leaves the window in which it was earned."""
        return self.undone_at or self.activity_at

    def known_on(self, zone: tzinfo) -> date:
        """The day of the cycle in which it counts, where its own was over."""
        said = self.undone_counted_on if self.undone_at else self.counted_on
        if said:
            return date.fromisoformat(said)
        released = self.released_at if self.is_born_pending is not None else self.taken_released_at
        return local_date(released or self.happened_at, zone)


def _tallied(members: Members, rows: Iterable[_Moved], enrolled_at: datetime) -> Tallies:
    """The tallies that follow from one member's entries."""
    sums: Tallies = {}
    for row in rows:
        points = row.points
        if row.pending:
            # Pending points count when they are released, and then what is left of them.
            points = 0 if row.is_born_pending or row.is_taken_pending else row.pending
        terms = versions.at(members.program_id, row.version)
        enrolled_on, day = local_date(enrolled_at, terms.zone), local_date(row.happened_at, terms.zone)
        for group in terms.tier_groups.values():
            if points and row.currency_id in (terms.currencies[code].id for code in group.criteria):
                period = group.counted_in(day, known_on=row.known_on(terms.zone), enrolled_on=enrolled_on)
                key = group.id, row.currency_id, period
                sums[key] = sums.get(key, 0) + points
    return sums


def _compare_tallies(members: Members, member_id: int, stored: Tallies, computed: Tallies) -> Iterator[Drift]:
    for key in stored.keys() | computed.keys():
        if stored.get(key, 0) != computed.get(key, 0):
            what = f"the tally from {key[2]}"
            yield members.drift(member_id, key[1], what, stored.get(key, 0), computed.get(key, 0))


def sums_of_before_follow_from_opening_balances(members: Members) -> Iterator[Drift]:
    """What was earned and redeemed in other systems is what the opening balances say, one behind the other."""
    stored = Balance.objects.filter(member__in=members.ids).exclude(earned_before=0, redeemed_before=0)
    sums = {
        (row.member_id, row.currency_id): (row.earned_before, row.redeemed_before)
        for row in stored.only("member", "currency", "earned_before", "redeemed_before")
    }
    computed: dict[tuple[int, int], tuple[int, int]] = {}
    opened = Journal.objects.filter(member__in=members.ids, kind=Journal.Kind.OPENING).order_by("pk")
    ids = {code: key for key, code in members.currencies.items()}
    for member_id, trace in opened.values_list("member", "trace").iterator():
        opening = cast(OpeningTrace, trace.get("opening", {}))
        currency_id = ids.get(opening.get("currency", ""))
        if "earned_before" in opening and currency_id:
            key = member_id, currency_id
            earned, spent = (0, 0) if opening.get("sets") else computed.get(key, (0, 0))
            computed[key] = earned + opening["earned_before"], spent + opening["redeemed_before"]
    for key in sums.keys() | computed.keys():
        if sums.get(key, (0, 0)) != computed.get(key, (0, 0)):
            yield members.drift(*key, "the sums of before", str(sums.get(key)), str(computed.get(key)))


WALKS: list[Callable[[Members], Iterator[Drift]]] = [
    entries_follow_each_other,
    tallies_count_what_was_earned,
    sums_of_before_follow_from_opening_balances,
]
