"""Where do transactions name a person, and how is that taken out without changing what happened?

Points, amounts, dates and the sender's own names of the facts stay; what was sent about the member, what staff wrote
and what was answered is rewritten (transactions/models/immutability.py says which columns).
"""

from collections.abc import Collection, Iterator, Mapping

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from loyalty_site.lib.json_types import Json, JsonObject
from members.erasing import Person
from members.words import ERASED, Words
from transactions.erasing import forfeits
from transactions.models import Approval, Entry, Journal
from transactions.models.outlooks import StoredComing

#: What somebody wrote, in an item as it was reported.
_WRITTEN = ("reason", "hold", "note")
#: Kinds of transactions that are about two members.
_BETWEEN_TWO = (Journal.Kind.TRANSFER, Journal.Kind.MERGE)
_COLUMNS = ("pk", "member", "kind", "payload", "answer", "attributes", "reason", "error", "fingerprint")


def rewrite(person: Person, words: Words) -> int:
    """Take the person out of all transactions; returns how many were changed. Only while an Erasure is under way."""
    numbers = {member.pk: member.number for member in person.members}
    changed = 0
    for rows in (_own(numbers), _of_others(numbers), _of_nobody(words)):
        for key, member, kind, *said in rows.values_list(*_COLUMNS).iterator(chunk_size=500):
            before = dict(zip(_COLUMNS[3:], said, strict=True))
            if member in numbers:
                after = _without_person(before, words, numbers[member])
            else:
                after = _without_words(before, words, is_of_both=kind in _BETWEEN_TWO)
            if after != before:
                Journal.objects.filter(pk=key).put(**after)
                changed += 1
    return changed


def forget_what_is_stored(person: Person, words: Words) -> None:
    """What was asked for and decided about them, and what was foreseen."""
    StoredComing.objects.filter(member__in=person.member_ids).delete()
    numbers = {member.pk: member.number for member in person.members}
    for approval in Approval.objects.filter(member__in=person.member_ids):
        approval.payload = _payload(approval.payload, words, numbers[approval.member_id])
        approval.reason = ERASED
        approval.note = approval.note and ERASED
        approval.save(update_fields=["payload", "reason", "note"])


def _own(numbers: Collection[int]) -> QuerySet[Journal]:
    return Journal.objects.filter(member__in=numbers)


def _of_others(numbers: Collection[int]) -> QuerySet[Journal]:
    """What others did that moved points of theirs: transfers to them, purchases that a group had a share of."""
    entries = Entry.objects.filter(member__in=numbers).order_by().values("journal")
    return Journal.objects.filter(pk__in=entries).exclude(member__in=numbers).exclude(member=None)


def _of_nobody(words: Words) -> QuerySet[Journal]:
    """What was reported of somebody whom nobody knew then, by something by which this person was known."""
    found = Q()
    for text in (*words.searched, *words.ids):
        found |= Q(sent__icontains=text)
    rows = Journal.objects.filter(member=None).exclude(kind=Journal.Kind.SETTLEMENT)
    return rows.annotate(sent=Cast("payload", TextField())).filter(found) if found else rows.none()


def _without_person(said: Mapping[str, Json], words: Words, number: str) -> JsonObject:
    """The columns of a transaction of the person, who is called `number` now."""
    return {
        "payload": _payload(said["payload"], words, number),
        "answer": words.out_of(said["answer"], number=number),
        "attributes": {},
        "reason": _written(said["reason"]),
        "error": said["error"] and ERASED,
        # A hash of all that was sent would tell whoever guesses it that it was that.
        "fingerprint": "",
    }


def _without_words(said: Mapping[str, Json], words: Words, *, is_of_both: bool) -> JsonObject:
    """The columns of a transaction of somebody else, or of nobody, in which the person is named.

    What was written of one that `is_of_both` was written of the person, too.
    """
    found = {name: words.out_of(value) for name, value in said.items() if name != "fingerprint"}
    if is_of_both:
        payload = found["payload"] if isinstance(found["payload"], Mapping) else {}
        found["reason"] = _written(said["reason"])
        found["payload"] = {name: _written(part) if name in _WRITTEN else part for name, part in payload.items()}
    is_changed = any(found[name] != said[name] for name in found)
    return {**found, "fingerprint": "" if is_changed else said["fingerprint"]}


def _written(text: Json) -> Json:
    """What somebody wrote is gone; what we say ourselves stays."""
    return text if text == forfeits.REASON else text and ERASED


def _payload(sent: Json, words: Words, number: str) -> JsonObject:
    if not isinstance(sent, Mapping):
        return {}
    return dict(_parts(sent, words, number))


def _parts(sent: Mapping[str, Json], words: Words, number: str) -> Iterator[tuple[str, Json]]:
    for name, value in sent.items():
        if name == "member":
            yield name, {"number": number}
        elif name == "attributes":
            yield name, {}
        elif name == "lines" and isinstance(value, list):
            yield name, [words.out_of(_line(line), number=number) for line in value]
        elif name in _WRITTEN:
            yield name, _written(value)
        else:
            yield name, words.out_of(value, number=number)


def _line(sent: Json) -> Json:
    """A line without its attributes, in which anything may stand."""
    return {name: value for name, value in sent.items() if name != "attributes"} if isinstance(sent, dict) else sent
