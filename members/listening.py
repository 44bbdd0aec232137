"""Which events does somebody listen to? `Program.listens_to` is kept so that posting need not ask.

It changes with every change of what it is made of: webhook endpoints, their connections and partners, who takes part
in a program, and messages. `refresh` is for whoever changes these in another way than by saving and deleting rows.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from django.db import models, transaction
from django.db.models import Q
from django.db.models.signals import post_delete, post_save

from partners.events import EVENTS, EVERYTHING, About
from partners.models import Connection, Partner, WebhookEndpoint
from programs.models import Message, Participation, Program

_OF_MEMBERS = tuple(name for name, event in EVENTS.items() if event.about == About.MEMBER)
#: A row whose change may change who listens.
_Row: TypeAlias = WebhookEndpoint | Connection | Partner | Participation | Message | Program
#: What decides in each of them; the others, such as how an endpoint fares, change all the time.
_DECIDES: Mapping[type[models.Model], frozenset[str]] = {
    WebhookEndpoint: frozenset(["connection", "connection_id", "status", "events"]),
    Connection: frozenset(["partner", "partner_id", "status"]),
    Partner: frozenset(["is_active"]),
    Participation: frozenset(["program", "program_id", "partner", "partner_id"]),
    Message: frozenset(["program", "program_id", "event", "is_active"]),
    Program: frozenset(["owner", "owner_id", "listens_to"]),
}


@transaction.atomic
def refresh(program_ids: Iterable[int]) -> None:
    """Write anew what somebody listens to in these programs; call it in the transaction of the change, behind it.

    The programs are locked until its end, in the order of their keys, so that of two changes at once the second one
    sees the first. No version is counted, and postings go on meanwhile: they only read.
    """
    ids = sorted(set(program_ids))
    locked = Program.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    stored = {key: (owner, listens_to) for key, owner, listens_to in locked.values_list("pk", "owner", "listens_to")}
    if not stored:
        return
    wanted = _wanted({key: owner for key, (owner, _) in stored.items()})
    for key, (_, was) in stored.items():
        listens_to = " ".join(name for name in _OF_MEMBERS if name in wanted[key])
        if listens_to != was:
            Program.objects.filter(pk=key).update(listens_to=listens_to)


def _wanted(owners: Mapping[int, int]) -> Mapping[int, set[str]]:
    """Names of events by program, of these programs with the keys of their owners."""
    programs = defaultdict(set)
    for program, owner in owners.items():
        programs[owner].add(program)
    for partner, program in Participation.objects.filter(program__in=owners).values_list("partner", "program"):
        programs[partner].add(program)
    # What staff have paused goes on being told of: it is sent when they go on.
    endpoints = WebhookEndpoint.objects.filter(
        status__in=(WebhookEndpoint.Status.ACTIVE, WebhookEndpoint.Status.PAUSED),
        connection__status__in=(Connection.Status.ACTIVE, Connection.Status.PAUSED),
        connection__partner__is_active=True,
        connection__partner__in=programs,
    )
    wanted: dict[int, set[str]] = defaultdict(set)
    for partner, names in endpoints.values_list("connection__partner", "events"):
        for program in programs[partner]:
            wanted[program].update(_OF_MEMBERS if EVERYTHING in names else names)
    for program, name in Message.objects.filter(program__in=owners, is_active=True).values_list("program", "event"):
        wanted[program].add(name)
    return wanted


def refresh_partner(partner_id: int) -> None:
    """`refresh` for all programs in which a partner listens, or has listened: an endpoint may have come from, or gone
    to, another partner."""
    takes_part = Q(owner=partner_id) | Q(participations__partner=partner_id)
    refresh(Program.objects.filter(takes_part | ~Q(listens_to="")).values_list("pk", flat=True))


def _changed(
    sender: type[models.Model], instance: _Row, update_fields: Collection[str] | None = None, **_: object
) -> None:
    """A row was saved or deleted."""
    if update_fields is not None and _DECIDES[sender].isdisjoint(update_fields):
        return
    match instance:
        case WebhookEndpoint():
            refresh_partner(instance.connection.partner_id)
        case Connection():
            refresh_partner(instance.partner_id)
        case Partner():
            refresh_partner(instance.pk)
        case Program():
            # Also where one is saved as it was read, before somebody began to listen.
            refresh([instance.pk])
        case _:
            refresh([instance.program_id])


for _model in _DECIDES:
    for _signal in (post_save, post_delete):
        _signal.connect(_changed, sender=_model, dispatch_uid=f"who listens: {_model.__name__}")
