"""How is somebody forgotten who asks for it? Source of the rules: semantics C27.

All of it is one transaction: what says who it was is overwritten or deleted wherever it stands, the membership gets a
random number, and the ledger stays as it is. Nobody finds the person again by anything that was known; whoever joins
again is somebody new.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model, Q
from django.utils import timezone

from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refused
from members import erasing, snapshots, telling
from members.erasing import EVENT, Person
from members.models import Card, Consent, Customer, Erasure, ExternalId, Member, Merge, Relation, Tag
from members.words import ERASED, Words
from partners.models import KeptAnswer
from programs import versions
from programs.models import Program
from transactions.erasing import forfeits, journals, nights
from transactions.models import Approval, Journal
from transactions.verbs.adjustments import ReasonMissing


class NotErasable(Refused):
    """Something stands against it; the sentence says what."""

    code = "not_erasable"


def erase(
    customer: Customer,
    *,
    reason: str,
    points: str = Erasure.Points.FORFEIT,
    user: AbstractBaseUser | None = None,
    now: datetime | None = None,
) -> Erasure:
    """Erase the person who `customer` is, for good; returns the Erasure. Raises ReasonMissing, NotErasable.

    Points that are left are forfeited by an adjustment, or kept until they end. Whoever was merged with the person
    is the same one, and is erased as well.
    """
    if not reason.strip():
        raise ReasonMissing("Say why, without naming the person.", field="reason")
    now = now or timezone.now()
    with transaction.atomic():
        person = _locked(customer)
        for problem in problems(person, now):
            raise problem
        done = Erasure.objects.create(
            customer_id=customer.pk, reason=reason, points=points, user_id=user.pk if user else None, begun_at=now
        )
        done.counts = _erase(person, done, now)
        done.finished_at = now
        done.save(update_fields=["counts", "finished_at"])
    customer.refresh_from_db()
    return done


def problems(person: Person, now: datetime) -> Iterator[NotErasable]:
    """What stands against it, most important first."""
    if any(customer.erased_at for customer in person.customers):
        yield NotErasable("This person was erased already.", field="customer")
        return
    for member in person.members:
        if Journal.objects.filter(member=member).reserving(now).exists():
            detail = f"Member {member.number} has an open reservation: confirm or release it first."
            yield NotErasable(detail, field="customer")
        if Approval.objects.filter(member=member, status=Approval.Status.WAITING).exists():
            detail = f"A posting for member {member.number} waits for approval: let somebody decide it first."
            yield NotErasable(detail, field="customer")


def _locked(customer: Customer) -> Person:
    """The person; programs are locked before members, both in the order of their keys, as enrolments do it."""
    found = erasing.find(customer)
    programs = sorted({member.program_id for member in found.members})
    list(Program.objects.select_for_update(no_key=True).filter(pk__in=programs).order_by("pk"))
    list(Member.objects.select_for_update(no_key=True).filter(pk__in=found.member_ids).order_by("pk"))
    list(Customer.objects.select_for_update(no_key=True).filter(pk__in=found.customer_ids).order_by("pk"))
    # Once more: only what is read under the locks is sure.
    return erasing.find(customer)


def _erase(person: Person, done: Erasure, now: datetime) -> JsonObject:
    """Do it; returns how many rows of each kind were changed."""
    forfeited = forfeits.forfeit(person, done, now) if done.points == Erasure.Points.FORFEIT else {}
    words, log = erasing.words_of(person), _logged(person)
    before = {member.pk: member.number for member in person.members}
    numbers = erasing.renumber(person)
    words = words.numbered(numbers)
    counts: JsonObject = {
        "customers": len(person.customers),
        "members": len(person.members),
        "transactions": journals.rewrite(person, words),
        "events": erasing.rewrite_events(person.member_ids, words, now) + erasing.rewrite_notes(person, words),
        "deliveries": erasing.empty_deliveries(person.member_ids, now),
        "answers": _forget_answers(words),
        "log": _forget_log(log, words),
        "nights": nights.rewrite(person, words),
        "forfeited": {numbers[number]: points for number, points in forfeited.items()},
    }
    journals.forget_what_is_stored(person, words)
    erasing.overwrite(person, now)
    _tell(person, before, now)
    return counts


def _tell(person: Person, before: Mapping[int, str], now: datetime) -> None:
    """Those who keep data of the person hear whose to erase: by the number of before, which is what they know."""
    for member in person.members:
        if not telling.is_heard(member.program, EVENT):
            continue
        said = snapshots.of(versions.of(member.program), [member.pk])[member.pk]
        data = {"member": {**json.loads(snapshots.as_json(said.said)), "number": before[member.pk]}}
        telling.tell(member.program, EVENT, data, member_id=member.pk, occurred_at=now)


def _forget_answers(words: Words) -> int:
    """Answers that are kept to be given again and name the person: a request that is repeated is a new one."""
    named = Q()
    for text in words.searched:
        named |= Q(body__contains=text)
    return KeptAnswer.objects.filter(named).delete()[0] if named else 0


def _logged(person: Person) -> Q:
    """The entries of the log of the admin about rows of the person. To be asked before the rows are gone."""
    customers, members = person.customer_ids, person.member_ids
    relations = Relation.objects.filter(Q(member__in=members) | Q(group__in=members))
    merges = Merge.objects.filter(Q(source__in=members) | Q(target__in=members))
    rows: list[tuple[type[Model], list[int]]] = [
        (Customer, customers),
        (Member, members),
        (Card, list(Card.objects.filter(member__in=members).values_list("pk", flat=True))),
        *(
            (model, list(model._default_manager.filter(customer__in=customers).values_list("pk", flat=True)))
            for model in (ExternalId, Tag, Consent)
        ),
        (Relation, list(relations.values_list("pk", flat=True))),
        (Merge, list(merges.values_list("pk", flat=True))),
        (Approval, list(Approval.objects.filter(member__in=members).values_list("pk", flat=True))),
        (Journal, list(Journal.objects.filter(member__in=members).values_list("pk", flat=True))),
    ]
    found = Q()
    for model, keys in rows:
        of_model = ContentType.objects.get_for_model(model)
        found |= Q(content_type=of_model, object_id__in=[str(key) for key in keys])
    return found


def _forget_log(about: Q, words: Words) -> int:
    """What the log of the admin says of the person: that somebody did something stays, not to whom."""
    for text in (*words.searched, *words.names):
        about |= Q(object_repr__icontains=text) | Q(change_message__icontains=text)
    return LogEntry.objects.filter(about).update(object_repr=ERASED, change_message="")
