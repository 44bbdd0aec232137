"""What does this app know of a person, and how is it forgotten? transactions/erasing/ calls it, with the rest.

The rows stay, because the ledger names them; what they say of somebody is overwritten or deleted.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import DateTimeField, Q, QuerySet, Value
from django.db.models.functions import Greatest

from loyalty_site.lib.json_types import Json
from members import scores
from members.enrolment import free_numbers
from members.models import (
    Attempt,
    Card,
    Consent,
    Customer,
    Delivery,
    Event,
    ExternalId,
    Member,
    Merge,
    PromotionEnrolment,
    Relation,
    Tag,
)
from members.segments import keeping
from members.words import ERASED, Words

#: What tells others whose data to erase.
EVENT = "member.erased"
#: What is skipped for this was on its way when the person was erased.
WHY_SKIPPED = "The person was erased."
#: What everybody may know of a customer: rows name it, or it is of no person.
_STAYS = {"id", "kind", "created_at", "erased_at"}
#: Of how many rows the JSON is written at once.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, with all that was found to be the same one: `customers` and their memberships, of any program."""

    customers: list[Customer]
    members: list[Member]

    @property
    def member_ids(self) -> list[int]:
        return [member.pk for member in self.members]

    @property
    def customer_ids(self) -> list[int]:
        return [customer.pk for customer in self.customers]


def find(customer: Customer) -> Person:
    """The Person that a customer is: who was merged with whom is one person. Members in the order of their keys."""
    customers = {customer.pk}
    while True:
        of_them = Member.objects.filter(customer__in=customers)
        merged = Q(pk__in=of_them.values("merged_into")) | Q(merged_into__in=of_them.values("pk"))
        found = set(Member.objects.filter(merged).values_list("customer", flat=True))
        if found <= customers:
            break
        customers |= found
    return Person(
        list(Customer.objects.filter(pk__in=customers).order_by("pk")),
        list(Member.objects.filter(customer__in=customers).select_related("program").order_by("pk")),
    )


def words_of(person: Person) -> Words:
    """By what the person is known in texts: numbers of before, cards, addresses, ids elsewhere."""
    cards = Card.objects.filter(member__in=person.member_ids).values_list("number", flat=True)
    ids = ExternalId.objects.filter(customer__in=person.customer_ids).values_list("value", flat=True)
    texts = {text for one in person.customers for text in (one.email, one.email_key, one.phone)}
    return Words(
        numbers={member.number: "" for member in person.members},
        texts=frozenset({*texts, *cards} - {""}),
        ids=frozenset(ids),
        names=frozenset(filter(None, (one.full_name for one in person.customers))),
    )


def renumber(person: Person) -> dict[str, str]:
    """Give each membership a random number; returns {number of before: new one}. Under the lock of the programs."""
    changed = {}
    for member in person.members:
        [number] = free_numbers(member.program, 1)
        changed[member.number] = number
        member.number = number
        if member.status != Member.Status.MERGED:
            member.status = Member.Status.CLOSED
        Member.objects.filter(pk=member.pk).update(number=number, status=member.status)
    return changed


def overwrite(person: Person, now: datetime) -> None:
    """Forget who it was: names, addresses, birthdays, cards, ids, tags, and what was written beside consents."""
    for customer in person.customers:
        empty = Customer(kind=customer.kind)
        if customer.kind != Customer.Kind.PERSON:
            empty.company_name = ERASED
        empty.set_keys()
        names = [field.attname for field in Customer._meta.concrete_fields if field.name not in _STAYS]
        blank = {name: getattr(empty, name) for name in names}
        Customer.objects.filter(pk=customer.pk).update(**blank, erased_at=now)
    Card.objects.filter(member__in=person.member_ids).delete()
    keeping.leave(person.member_ids)
    scores.forget(person.member_ids)
    for model in (ExternalId, Tag):
        model._default_manager.filter(customer__in=person.customer_ids).delete()
    Consent.objects.filter(customer__in=person.customer_ids).update(source="")
    own = Q(member__in=person.member_ids) | Q(group__in=person.member_ids)
    Relation.objects.live().filter(own).update(left_at=now)
    # That somebody took part says nothing of whom; whoever is gone takes part no longer.
    taking_part = PromotionEnrolment.objects.filter(member__in=person.member_ids, left_at=None)
    taking_part.update(left_at=Greatest(Value(now, DateTimeField()), "enrolled_at"))
    Merge.objects.filter(Q(source__in=person.member_ids) | Q(target__in=person.member_ids)).update(reason=ERASED)


def rewrite_events(member_ids: Collection[int], words: Words, now: datetime) -> int:
    """Take the person out of what was told of these members; returns of how many events.

    What nobody has got yet is never sent: whoever gets it would learn the number of now.
    """
    Event.objects.filter(member__in=member_ids, spread_at=None).update(spread_at=now)
    return len(_rewrite(Event.objects.of_members(member_ids), words))


def rewrite_notes(person: Person, words: Words) -> int:
    """Take the person out of what staff were told of whole programs, such as differences that a night found, and
    forget what was sent of it; returns of how many events."""
    programs = {member.program_id for member in person.members}
    changed = _rewrite(Event.objects.filter(program__in=programs, member=None), words)
    Attempt.objects.filter(delivery__event__in=changed).update(request="", answer="")
    return len(changed)


def _rewrite(events: QuerySet[Event], words: Words) -> list[Event]:
    """Those that named the person."""
    changed = []
    for event in events.iterator(chunk_size=_AT_ONCE):
        data: Json = words.out_of(event.data)
        if data != event.data:
            event.data = data
            changed.append(event)
    Event.objects.bulk_update(changed, ["data"], batch_size=_AT_ONCE)
    return changed


def empty_deliveries(member_ids: Collection[int], now: datetime) -> int:
    """Send nothing more to or about these members, and forget what was sent; returns how many deliveries there are.

    What is just being sent arrives; then its address is forgotten all the same.
    """
    told = list(Event.objects.of_members(member_ids).values_list("pk", flat=True))
    theirs = Delivery.objects.filter(Q(member__in=member_ids) | Q(event__in=told))
    keys = list(theirs.values_list("pk", flat=True))
    _skip(Delivery.objects.filter(pk__in=keys, state=Delivery.State.WAITING), now)
    messages = Delivery.objects.filter(pk__in=keys, kind=Delivery.Kind.MESSAGE)
    messages.update(recipient="", provider_id="")
    messages.exclude(reason__in=["", WHY_SKIPPED]).update(reason=ERASED)
    tries = Attempt.objects.filter(delivery__in=keys)
    tries.update(request="", answer="")
    tries.filter(delivery__kind=Delivery.Kind.MESSAGE).exclude(reason="").update(reason=ERASED)
    return len(keys)


def is_about_the_past(delivery: Delivery) -> bool:
    """Whether it tells of somebody who was erased since: its event has the number of now, which nobody may learn."""
    member = delivery.member
    return bool(member and member.customer.erased_at and delivery.event.type != EVENT)


def _skip(waiting: QuerySet[Delivery], now: datetime) -> None:
    waiting.update(state=Delivery.State.SKIPPED, reason=WHY_SKIPPED, next_at=None, ended_at=now)
