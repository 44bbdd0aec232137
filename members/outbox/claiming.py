"""Who sends what next? A worker takes what is due under a lease: until that is over, nobody else does.

What it takes is divided over the outlets that have something due, so that one that is slow or flooded keeps no other
from its turn. Each outlet is locked while its deliveries are taken: its pace and its pauses hold for all workers.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from members.models import Delivery
from members.outbox.breaking import Outlet, OutletKey, begin_probe, is_half_open, is_open, key_of
from partners.models import Connection, WebhookEndpoint
from programs.models import Program

#: So many may be under way to an outlet that has just failed, from one claim to the next.
CAREFUL = 4

_State = Delivery.State


@dataclass(frozen=True, slots=True)
class Claimed:
    """Deliveries that are ours, with all read along that kinds may ask of; those of `probes` try a paused outlet.

    `free_at` is when the first of the outlets that have something due and may not be used yet can be.
    """

    deliveries: Sequence[Delivery] = ()
    probes: frozenset[int] = field(default_factory=frozenset)
    free_at: datetime | None = None


def outlet_of(delivery: Delivery) -> OutletKey:
    return delivery.connection_id, delivery.endpoint_id


def claim(now: datetime, *, lease: str, places: int, room: Mapping[OutletKey, int], most: int) -> Claimed:
    """Take up to `places` deliveries under the name `lease`.

    Of one outlet no more than `room` says, where it says nothing than `most`; of a lane only the first that is not
    at its end. A number of statements that grows with the outlets that have something due, not with the deliveries.
    """
    outlets = _with_something_due(now)
    if not outlets:
        return Claimed()
    closed_until = [at for one in outlets for at in (one.paused_until, one.free_at) if at and at > now]
    free_at = min(closed_until, default=None)
    usable = [one for one in outlets if is_open(one, now) and room.get(key_of(one), most) > 0]
    if not usable or places < 1:
        return Claimed(free_at=free_at)
    keys, probes = _take(usable, now, lease=lease, places=places, room=room, most=most)
    return Claimed(_read(keys, lease), probes, free_at)


def _with_something_due(now: datetime) -> list[Outlet]:
    """Outlets that staff let work, paused by their health or not. Deliveries of the others wait."""
    active = Connection.Status.ACTIVE
    connections = Connection.objects.annotate(due_at=first_try(connection=OuterRef("pk"), endpoint=None)).filter(
        status=active, due_at__lte=now
    )
    endpoints = WebhookEndpoint.objects.annotate(
        due_at=first_try(connection=OuterRef("connection"), endpoint=OuterRef("pk"))
    ).filter(status=WebhookEndpoint.Status.ACTIVE, connection__status=active, due_at__lte=now)
    # Credentials are decrypted for each row that is read, and are not needed here.
    return [*connections.defer("credentials").order_by("pk"), *_slim(endpoints).order_by("pk")]


def first_try(**of: OuterRef | None) -> Subquery:
    """When the first delivery `of` an outlet is to be tried; null where none is open.

    In the very order of the index that has the open ones alone: asked whether there is any, PostgreSQL may choose the
    one that has all that were ever sent.
    """
    is_open = Delivery.objects.filter(next_at__isnull=False, **of)
    return Subquery(is_open.order_by(*_ORDER).values("next_at")[:1])


#: The columns of the index `delivery_to_be_tried`.
_ORDER = ("connection_id", "endpoint_id", "next_at", "pk")


def _slim(endpoints: QuerySet[WebhookEndpoint]) -> QuerySet[WebhookEndpoint]:
    return endpoints.select_related("connection").defer("secret", "old_secret", "connection__credentials")


def _take(
    usable: Sequence[Outlet],
    now: datetime,
    *,
    lease: str,
    places: int,
    room: Mapping[OutletKey, int],
    most: int,
) -> tuple[list[int], frozenset[int]]:
    """(keys of what was taken, those of them that are probes)."""
    taken: list[int] = []
    probes: set[int] = set()
    until = now + timedelta(seconds=settings.OUTBOX_LEASE_S)
    with transaction.atomic():
        outlets = [one for one in lock(usable) if is_open(one, now)]
        # Where there are more outlets than places, not always the same ones come first.
        random.shuffle(outlets)
        for left, outlet in zip(range(len(outlets), 0, -1), outlets, strict=True):
            share = -(-(places - len(taken)) // left)
            wanted = min(share, room.get(key_of(outlet), most), _pace(outlet))
            keys = _first(outlet, now, wanted) if wanted > 0 else []
            if not keys:
                continue
            taken += keys
            if is_half_open(outlet):
                probes.update(keys)
            _note(outlet, now, len(keys))
        Delivery.objects.filter(pk__in=taken).update(
            state=_State.SENDING, lease=lease, leased_until=until, next_at=until
        )
    return taken, frozenset(probes)


def lock(outlets: Iterable[Outlet]) -> list[Outlet]:
    """The same rows as they are now, locked in one order for all: connections by key, then endpoints by key.

    Not for those who refer to them, which is what inserting a delivery does.
    """
    keys = [key_of(one) for one in outlets]
    return lock_keys(keys)


def lock_keys(keys: Iterable[OutletKey]) -> list[Outlet]:
    """`lock` by keys."""
    wanted = set(keys)
    found: list[Outlet] = []
    if alone := [connection for connection, endpoint in wanted if endpoint is None]:
        rows = Connection.objects.filter(pk__in=alone).defer("credentials").order_by("pk")
        found += rows.select_for_update(no_key=True)
    if endpoints := [endpoint for _, endpoint in wanted if endpoint is not None]:
        known = WebhookEndpoint.objects.filter(pk__in=endpoints).order_by("pk")
        found += _slim(known).select_for_update(no_key=True, of=("self",))
    return found


def _pace(outlet: Outlet) -> int:
    """How many may be taken at once: of a probe one, of what has just failed few, else what the platform takes."""
    if is_half_open(outlet):
        return 1
    if outlet.failures:
        return CAREFUL
    per_second = _per_second(outlet)
    return max(1, int(per_second)) if per_second else 10**6


def _per_second(outlet: Outlet) -> float | None:
    connection = outlet.connection if isinstance(outlet, WebhookEndpoint) else outlet
    return connection.channel.per_second if connection.channel else None


def _note(outlet: Outlet, now: datetime, taken: int) -> None:
    """Write down what was taken, for all workers."""
    per_second = _per_second(outlet)
    if not per_second and not is_half_open(outlet):
        return
    if is_half_open(outlet):
        begin_probe(outlet, now)
    if per_second:
        outlet.free_at = max(outlet.free_at or now, now) + timedelta(seconds=taken / per_second)
    outlet.save(update_fields=["paused_until", "free_at"])


def _first(outlet: Outlet, now: datetime, wanted: int) -> list[int]:
    """Keys of deliveries of `outlet` that wait longest. What somebody else is changing at this moment is left out."""
    connection, endpoint = key_of(outlet)
    # That it is not empty is said once more for the index, which has no others.
    in_lane = Delivery.objects.filter(lane=OuterRef("lane"), next_at__isnull=False).exclude(lane="")
    earlier = in_lane.filter(pk__lt=OuterRef("pk"))
    due = Delivery.objects.filter(
        Q(lane="") | ~Exists(earlier),
        connection=connection,
        endpoint=endpoint,
        state=_State.WAITING,
        next_at__lte=now,
    )
    ordered: QuerySet[Delivery, int] = due.order_by(*_ORDER).values_list("pk", flat=True)
    return list(ordered.select_for_update(skip_locked=True, of=("self",))[:wanted])


def _read(keys: Sequence[int], lease: str) -> list[Delivery]:
    """The deliveries in the order of their keys. What many share is read once and is one object."""
    rows = Delivery.objects.filter(pk__in=keys, lease=lease, state=_State.SENDING).order_by("pk")
    found = list(rows.select_related("event", "member__customer", "message", "user"))
    connections = (
        Connection.objects.select_related("partner").order_by().in_bulk({one.connection_id for one in found})
    )
    endpoints = WebhookEndpoint.objects.order_by().in_bulk({one.endpoint_id for one in found if one.endpoint_id})
    programs = Program.objects.order_by().in_bulk({one.program_id for one in found})
    for endpoint in endpoints.values():
        endpoint.connection = connections.get(endpoint.connection_id) or endpoint.connection
    for one in found:
        one.connection = connections[one.connection_id]
        one.program = one.event.program = programs[one.program_id]
        if one.endpoint_id:
            one.endpoint = endpoints[one.endpoint_id]
    return found
