"""What has a member brought from another system already, and is it what the file says now?

Asked of the journals by the member, whatever the row calls them: an identifier more or less, another notation, the
order of lots or another file name make no new balance.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

from loyalty_site.lib.json_types import JsonObject
from members.models import Member
from transactions.imports.members.mapping import FACTS, SUMS, MemberMapping, source_of
from transactions.imports.members.row import Row
from transactions.models import Entry, Journal
from transactions.models.journal_traces import OpeningTrace

NEW, SAME, OTHER = "new", "same", "other"


class Recorded(NamedTuple):
    """An opening balance that is written down.

    `says` are the columns that it had for the ledger, `row` the digest of what stood in them, `card` the card of the
    row where rows are cards. `member_id` is who brought it, who may have been merged into another since.
    """

    journal_id: int
    member_id: int
    currency: str
    sets: bool
    says: frozenset[str]
    row: str
    card: str


@dataclass(slots=True)
class Past:
    """What one member, and those who were merged into them, brought from one source, the oldest first."""

    records: list[Recorded] = field(default_factory=list)

    @property
    def is_of_several(self) -> bool:
        """Whether it is that of members who were merged."""
        return len({one.member_id for one in self.records}) > 1

    def own(self, member_id: int) -> int:
        """How many facts this member has brought without those who were merged into them."""
        return sum(one.member_id == member_id for one in self.records)


def read(program_id: int, member_ids: Collection[int], source: str) -> Mapping[int, Past]:
    """{primary key of a member: Past} of those who have brought something from `source`."""
    found: defaultdict[int, Past] = defaultdict(Past)
    if not member_ids:
        return found
    merged = Member.objects.filter(merged_into__in=member_ids).values_list("pk", "merged_into")
    who = {member_id: member_id for member_id in member_ids} | cast(dict[int, int], dict(merged))
    journals = Journal.objects.filter(program=program_id, kind=Journal.Kind.OPENING, member__in=who).order_by("pk")
    for key, member_id, attributes, trace in journals.values_list("pk", "member", "attributes", "trace"):
        brought: OpeningTrace = (trace or {}).get("opening", {})
        if source_of(brought.get("source", "")) != source or member_id is None:
            continue
        one = Recorded(
            journal_id=key,
            member_id=member_id,
            currency=brought.get("currency", ""),
            sets=bool(brought.get("sets")),
            # What does not say may be about anything: it is never added to.
            says=frozenset(attributes.get("says", FACTS)),
            row=str(attributes.get("row", "")),
            card=str(attributes.get("card", "")),
        )
        found[who[member_id]].records.append(one)
    return found


def verdict(rows: Sequence[Row], past: Past, mapping: MemberMapping, digests: Sequence[str]) -> str:
    """NEW, SAME or OTHER: what `rows`, all that one member brings of one currency, are to what is recorded.

    A balance that is set, and what moves no sums, are compared with the latest that said so; sums that are added,
    with all that was brought: in any order, but as many.
    """
    says = said_by(mapping)
    compared = says & set(SUMS) or says
    records = [one for one in past.records if one.currency == rows[0].currency and one.says & compared]
    card = card_of(rows[0], mapping)
    if card:
        records = [one for one in records if one.card in ("", card)]
    if not records:
        return NEW
    by_member: defaultdict[int, list[Recorded]] = defaultdict(list)
    for one in records:
        by_member[one.member_id].append(one)
    adds = mapping.mode == "add" and bool(says & set(SUMS))
    if adds:
        is_same = any(Counter(digests) == Counter(_in_force(theirs)) for theirs in by_member.values())
        return SAME if is_same else OTHER
    if mapping.mode == "set":
        by_member = _that_set(by_member)
    is_same = any(list(digests) == [theirs[-1].row] for theirs in by_member.values())
    return SAME if is_same else NEW


def _in_force(records: Sequence[Recorded]) -> Iterable[str]:
    """The digests of what was added, and of the latest balance that was set."""
    sets = [one for one in records if one.sets]
    return [one.row for one in records if not one.sets or one is sets[-1]]


def _that_set(by_member: Mapping[int, list[Recorded]]) -> defaultdict[int, list[Recorded]]:
    found: defaultdict[int, list[Recorded]] = defaultdict(list)
    for member_id, theirs in by_member.items():
        if sets := [one for one in theirs if one.sets]:
            found[member_id] = sets
    return found


def credits_of(pasts: Iterable[Past]) -> dict[int, list[int]]:
    """{journal: keys of its credits} of all opening balances of these: what a balance that is set anew re-dates."""
    records = {one.journal_id: one.member_id for past in pasts for one in past.records}
    found: defaultdict[int, list[int]] = defaultdict(list)
    if records:
        # By the members, who are as many as the rows of a batch; journals may be many more.
        entries = Entry.objects.filter(member__in=set(records.values()), kind=Entry.Kind.OPENING, points__gt=0)
        for journal_id, key in entries.order_by("pk").values_list("journal", "pk"):
            if journal_id in records:
                found[journal_id].append(key)
    return found


def said_by(mapping: MemberMapping) -> frozenset[str]:
    """The columns of a mapping that are about what the ledger has."""
    return frozenset(mapping.targets & set(FACTS))


def card_of(row: Row, mapping: MemberMapping) -> str:
    """The card that the row is, where rows are cards; else ""."""
    return row.names.get("card", "") if mapping.rows == "card" else ""


def attributes_of(row: Row, mapping: MemberMapping, digest: str) -> JsonObject:
    """What is written down of a row, to know it again."""
    found: JsonObject = {"row": digest, "says": sorted(said_by(mapping))}
    card = card_of(row, mapping)
    return found | {"card": card} if card else found


def digest_of(row: Row, zone: ZoneInfo) -> str:
    """The same for the same content: points, sums and last days, in whatever notation the file has them."""
    said = {name: value for name, value in (row.fact or {}).items() if name != "stated"}
    if "ends_at" in said or "never_ends" in said:
        said.pop("earned_at", None)

    def plain(value: object) -> str:
        return _day(value, zone).isoformat() if isinstance(value, datetime) else str(value)

    return digest(json.dumps(said, sort_keys=True, default=plain))


def _day(at: datetime, zone: ZoneInfo) -> date:
    """The day to which an instant belongs, which may be the first one behind it."""
    return (at - timedelta(microseconds=1)).astimezone(zone).date()


def digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
