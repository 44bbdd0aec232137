"""Which invariants need Python, because a hash, a calendar or an order decides? Entries in one stream."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Literal, cast

from members.models import Balance, Member, Tally
from programs import versions
from programs.models import TierGroup
from transactions.books import chain
from transactions.models import Entry, Journal
from transactions.models.journal_traces import OpeningTrace
from transactions.models.qualifying import Tallies, moved, tallied
from transactions.proof.audit.drift import Drift, Members


class StoredEntry(chain.Linked):
    """An entry with its key and its own link of the chain."""

    id: int
    chain: str


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
    """Each tally is the sum of its currency's entries in its window, under the terms at their posting.

    Of a ladder that was counted anew since, under the terms of then; while it is counted, nothing is compared.
    """
    enrolled = dict(Member.objects.filter(pk__in=members.ids).values_list("pk", "enrolled_at"))
    anew = TierGroup.objects.filter(program=members.program_id).exclude(recounted_version=None)
    versioned = list(anew.values_list("pk", "recounted_version", "is_recounting"))
    recounts = {pk: versions.at(members.program_id, number) for pk, number, _ in versioned if number}
    changing = {pk for pk, _, is_recounting in versioned if is_recounting}
    stored: dict[int, Tallies] = {}
    rows = Tally.objects.filter(member__in=members.ids)
    names = ("member_id", "group_id", "currency_id", "period", "points")
    for member_id, group_id, currency_id, period, points in rows.values_list(*names):
        stored.setdefault(member_id, {})[group_id, currency_id, period] = points
    at = partial(versions.at, members.program_id)
    for member_id, own in groupby(moved(members.ids), key=attrgetter("member_id")):
        computed = tallied(own, enrolled[member_id], at=at, recounts=recounts)
        yield from _compare_tallies(members, member_id, stored.pop(member_id, {}), computed, changing)
    for member_id, tallies in stored.items():
        yield from _compare_tallies(members, member_id, tallies, {}, changing)


def _compare_tallies(
    members: Members, member_id: int, stored: Tallies, computed: Tallies, changing: Collection[int]
) -> Iterator[Drift]:
    for key in stored.keys() | computed.keys():
        if key[0] not in changing and stored.get(key, 0) != computed.get(key, 0):
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
