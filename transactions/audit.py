"""Does everything that is stored follow from the ledger? Recomputed from the entries, never repaired.

Each invariant is one small check in `CHECKS`: most are one statement that returns only what differs, two
walk through the entries. They run over members in chunks, in memory that does not grow, and on one
consistent view of the database for each chunk.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from django.db import connection, transaction

from loyalty_site.lib.sql import Session
from members.models import Member, Tally
from programs import versions
from programs.models import Currency
from transactions import chain
from transactions.models import Entry

#: Members in one chunk. Large enough to cost few statements, small enough to hold a snapshot only briefly.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Drift:
    """Something stored that does not follow from the ledger. `currency` is a code, "" where none is meant."""

    member: str
    currency: str
    what: str
    stored: object
    computed: object

    def __str__(self):
        of = f" {self.currency}" if self.currency else ""
        return f"member {self.member}{of}: {self.what} is {self.stored}, the ledger says {self.computed}"


@dataclass(frozen=True, slots=True)
class Members:
    """The members of one chunk: {id: number}, the keys in ascending order; and {currency id: code}."""

    session: Session
    program_id: int
    numbers: dict
    currencies: dict

    @property
    def ids(self):
        return list(self.numbers)

    def drift(self, member_id, currency_id, what, stored, computed):
        return Drift(self.numbers[member_id], self.currencies.get(currency_id, ""), what, stored, computed)


@dataclass(frozen=True, slots=True)
class Sums:
    """Two sums for each member and currency that must agree.

    `stored` and `computed` are each a SELECT of (member_id, currency_id, number) with `{ids}`.
    """

    what: str
    stored: str
    computed: str

    def __call__(self, members):
        sql = (
            "SELECT member_id, currency_id, SUM(stored), SUM(computed) FROM ("
            f"SELECT member_id, currency_id, number AS stored, 0 AS computed FROM ({self.stored}) s "
            f"UNION ALL SELECT member_id, currency_id, 0, number FROM ({self.computed}) c"
            ") both_sides GROUP BY member_id, currency_id HAVING SUM(stored) <> SUM(computed)"
        )
        for member, currency, stored, computed in members.session.run(sql, [members.ids, members.ids]):
            yield members.drift(member, currency, self.what, int(stored), int(computed))


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that contradict others. `sql` selects those only: (member_id, currency_id, id, stored, computed)."""

    what: str
    sql: str

    def __call__(self, members):
        for member, currency, key, stored, computed in members.session.run(self.sql, [members.ids]):
            yield members.drift(member, currency, self.what.format(key), stored, computed)


_BALANCE = "SELECT member_id, currency_id, {} AS number FROM members_balance WHERE member_id {{ids}}"
_ENTRIES = (
    "SELECT member_id, currency_id, {} AS number FROM transactions_entry WHERE member_id {{ids}} AND kind IN ({})"
)


def _lifetime(column, sign, *kinds):
    """A lifetime total is the sum of the entries of `kinds`, times `sign`."""
    names = ", ".join(f"'{kind.value}'" for kind in kinds)
    return Sums(column, _BALANCE.format(column), _ENTRIES.format(f"{sign}points", names))


_SPENT_FROM_LOT = "COALESCE((SELECT SUM(t.points) FROM transactions_trace t WHERE t.lot_id = l.entry_id), 0)"
_TAKEN_BY_ENTRY = "COALESCE((SELECT SUM(t.points) FROM transactions_trace t WHERE t.entry_id = e.id), 0)"

STATEMENTS = [
    Sums(
        "the balance",
        _BALANCE.format("available - arrears"),
        "SELECT member_id, currency_id, points AS number FROM transactions_entry WHERE member_id {ids}",
    ),
    Sums(
        "available to spend",
        "SELECT b.member_id, b.currency_id, b.available AS number FROM members_balance b "
        "JOIN programs_currency c ON c.id = b.currency_id AND c.kind = 'spendable' WHERE b.member_id {ids}",
        "SELECT member_id, currency_id, remaining AS number FROM transactions_lot WHERE member_id {ids}",
    ),
    _lifetime("lifetime_earned", "", Entry.Kind.CREDIT),
    _lifetime("lifetime_redeemed", "-", Entry.Kind.DEBIT, Entry.Kind.REVERSAL_CREDIT),
    _lifetime("lifetime_reversed", "-", Entry.Kind.REVERSAL_DEBIT),
    Rows(
        "what remains of lot {}",
        f"SELECT l.member_id, l.currency_id, l.entry_id, l.remaining, l.points - {_SPENT_FROM_LOT} "
        f"FROM transactions_lot l WHERE l.member_id {{ids}} AND l.remaining <> l.points - {_SPENT_FROM_LOT}",
    ),
    Rows(
        "what lots and traces say of entry {}",
        f"SELECT e.member_id, e.currency_id, e.id, COALESCE(l.points, 0) - {_TAKEN_BY_ENTRY}, e.points "
        "FROM transactions_entry e JOIN programs_currency c ON c.id = e.currency_id AND c.kind = 'spendable' "
        "LEFT JOIN transactions_lot l ON l.entry_id = e.id "
        f"WHERE e.member_id {{ids}} AND e.points <> COALESCE(l.points, 0) - {_TAKEN_BY_ENTRY}",
    ),
    Rows(
        "the member or currency of lot {}",
        "SELECT e.member_id, e.currency_id, l.entry_id, 'another one', 'that of its entry' "
        "FROM transactions_entry e JOIN transactions_lot l ON l.entry_id = e.id "
        "WHERE e.member_id {ids} AND (l.member_id <> e.member_id OR l.currency_id <> e.currency_id)",
    ),
    Rows(
        "the lot of trace {}",
        "SELECT e.member_id, e.currency_id, t.id, 'that of another balance', 'one of the same member and currency' "
        "FROM transactions_entry e JOIN transactions_trace t ON t.entry_id = e.id "
        "JOIN transactions_lot l ON l.entry_id = t.lot_id "
        "WHERE e.member_id {ids} AND (l.member_id <> e.member_id OR l.currency_id <> e.currency_id)",
    ),
    Rows(
        "the journal of entry {}",
        "SELECT e.member_id, e.currency_id, e.id, 'that of another member', 'one of the same member' "
        "FROM transactions_entry e JOIN transactions_journal j ON j.id = e.journal_id "
        "WHERE e.member_id {ids} AND j.member_id <> e.member_id",
    ),
    Rows(
        "the status of transaction {}",
        "SELECT j.member_id, NULL, j.id, j.status, CASE WHEN r.id IS NULL THEN 'processed' ELSE 'reversed' END "
        "FROM transactions_journal j LEFT JOIN transactions_journal r ON r.reverses_id = j.id "
        "WHERE j.member_id {ids} AND (j.status = 'reversed') <> (r.id IS NOT NULL)",
    ),
]


def entries_follow_each_other(members):
    """Sequences without a gap, hashes that fit, running balances; and the member's row is the end of it."""
    ends = {
        row[0]: row[1:] for row in Member.objects.filter(pk__in=members.ids).values_list("pk", "sequence", "chain")
    }
    columns = ("id", "chain", *chain.FIELDS, "activity_at", "posted_at")
    entries = Entry.objects.filter(member__in=members.ids).order_by("member_id", "sequence").values(*columns)
    for member_id, own in groupby(entries.iterator(), key=itemgetter("member_id")):
        walk = _Walk(members, member_id)
        for entry in own:
            yield from walk.pass_by(entry)
        yield from walk.end(*ends.pop(member_id))
    for member_id, (sequence, value) in ends.items():
        yield from _Walk(members, member_id).end(sequence, value)


class _Walk:
    """Along the entries of one member, from the first to the last."""

    def __init__(self, members, member_id):
        self.members, self.member_id = members, member_id
        self.sequence, self.chain, self.balances = 0, "", {}

    def pass_by(self, entry):
        currency_id = entry["currency_id"]
        expected = {
            "sequence": self.sequence + 1,
            "chain": chain.link(self.chain, entry),
            "balance_after": self.balances.get(currency_id, 0) + entry["points"],
        }
        # Go on from what is stored, so that one defect is told once.
        self.sequence, self.chain = entry["sequence"], entry["chain"]
        self.balances[currency_id] = entry["balance_after"]
        for name, computed in expected.items():
            if entry[name] != computed:
                what = f"{name} of entry {entry['id']}"
                yield self.members.drift(self.member_id, currency_id, what, entry[name], computed)

    def end(self, sequence, value):
        for what, stored, computed in (("sequence", sequence, self.sequence), ("chain", value, self.chain)):
            if stored != computed:
                yield self.members.drift(self.member_id, None, f"the last {what}", stored, computed)


def tallies_count_what_was_earned(members):
    """Each tally is the sum of its currency's entries in its window, under the terms at their posting."""
    entries = Entry.objects.filter(member__in=members.ids, currency__kind=Currency.Kind.QUALIFYING)
    moved = entries.order_by("member_id").values_list(
        "member_id",
        "currency_id",
        "points",
        "activity_at",
        "journal__reverses__activity_at",
        "journal__program_version",
    )
    stored = {}
    for member_id, *key, points in Tally.objects.filter(member__in=members.ids).values_list(
        "member_id", "currency_id", "period", "points"
    ):
        stored.setdefault(member_id, {})[tuple(key)] = points
    for member_id, own in groupby(moved.iterator(), key=itemgetter(0)):
        yield from _compare_tallies(members, member_id, stored.pop(member_id, {}), _tallied(members, own))
    for member_id, tallies in stored.items():
        yield from _compare_tallies(members, member_id, tallies, {})


def _tallied(members, rows):
    """{(currency, period): points} of one member's entries."""
    sums = {}
    for _, currency_id, points, activity_at, undone_at, version in rows:
        terms = versions.at(members.program_id, version)
        for group in terms.tier_groups.values():
            if terms.currencies[group.currency].id == currency_id:
                # What is taken back leaves the window in which it was earned.
                key = currency_id, group.period(undone_at or activity_at, terms.zone)
                sums[key] = sums.get(key, 0) + points
    return sums


def _compare_tallies(members, member_id, stored, computed):
    for key in stored.keys() | computed.keys():
        if stored.get(key, 0) != computed.get(key, 0):
            what = f"the tally from {key[1]}"
            yield members.drift(member_id, key[0], what, stored.get(key, 0), computed.get(key, 0))


CHECKS = [*STATEMENTS, entries_follow_each_other, tallies_count_what_was_earned]


def audit(program, *, progress=None, chunk=CHUNK):
    """Yields each Drift of the members of `program`. `progress` is called with the members done since."""
    session, last = Session(), 0
    currencies = dict(program.currencies.values_list("pk", "code"))
    queue = Member.objects.filter(program=program).order_by("pk").values_list("pk", "number")
    while numbers := dict(queue.filter(pk__gt=last)[:chunk]):
        last = max(numbers)
        members = Members(session, program.pk, numbers, currencies)
        with _snapshot():
            for check in CHECKS:
                yield from check(members)
        if progress:
            progress(len(numbers))


@contextmanager
def _snapshot():
    """One view of the database for several statements, without a lock that would make a posting wait."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Django's own BEGIN is IMMEDIATE here and would keep writers out.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("COMMIT")
