"""Which invariants need Python, because a hash, a calendar or an order decides? Entries in one stream."""

from itertools import groupby
from operator import itemgetter

from members.models import Member, Tally
from programs import versions
from programs.models import Currency
from transactions.books import chain
from transactions.models import Entry


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
        moved = entry["available"] - entry["arrears"]
        expected = {
            "sequence": self.sequence + 1,
            "chain": chain.link(self.chain, entry),
            "balance_after": self.balances.get(currency_id, 0) + moved,
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
    kinds = (Entry.Kind.CREDIT, Entry.Kind.DEBIT, Entry.Kind.REVERSAL_DEBIT, Entry.Kind.REVERSAL_CREDIT)
    kinds = (*kinds, Entry.Kind.TRANSFER_IN, Entry.Kind.TRANSFER_OUT)
    entries = Entry.objects.filter(member__in=members.ids, currency__kind=Currency.Kind.QUALIFYING, kind__in=kinds)
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
    )
    stored = {}
    rows = Tally.objects.filter(member__in=members.ids).values_list("member_id", "currency_id", "period", "points")
    for member_id, *key, points in rows:
        stored.setdefault(member_id, {})[tuple(key)] = points
    for member_id, own in groupby(moved.iterator(), key=itemgetter(0)):
        yield from _compare_tallies(members, member_id, stored.pop(member_id, {}), _tallied(members, own))
    for member_id, tallies in stored.items():
        yield from _compare_tallies(members, member_id, tallies, {})


def _tallied(members, rows):
    """{(currency, period): points} of one member's entries."""
    sums = {}
    for _, currency_id, points, pending, is_born_pending, is_taken_pending, activity_at, undone_at, version in rows:
        if pending:
            # Pending points count when they are released, and then what is left of them.
            points = 0 if is_born_pending or is_taken_pending else pending
        terms = versions.at(members.program_id, version)
        for group in terms.tier_groups.values():
            if points and terms.currencies[group.currency].id == currency_id:
                # What is taken back leaves the window in which it was earned.
                key = currency_id, group.period(undone_at or activity_at, terms.zone)
                sums[key] = sums.get(key, 0) + points
    return sums


def _compare_tallies(members, member_id, stored, computed):
    for key in stored.keys() | computed.keys():
        if stored.get(key, 0) != computed.get(key, 0):
            what = f"the tally from {key[1]}"
            yield members.drift(member_id, key[0], what, stored.get(key, 0), computed.get(key, 0))


WALKS = [entries_follow_each_other, tallies_count_what_was_earned]
