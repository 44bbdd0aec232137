"""Who of the staff hears of an event? Those who may act on it, as things stand when it is asked.

A person who asked for something never hears that it waits, but always what became of it; and nobody is told to decide
about a membership of their own, which they may not.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from members.models import Event, Member

#: The permission to decide, by the kind of what waits; of any other kind only superusers hear.
MAY_DECIDE = {
    "points": "transactions.change_approval",
    "transaction": "transactions.change_approval",
    "re-evaluation": "programs.decide_downgrades",
}
#: The permission by which somebody has to do with any other event.
CONCERNS = {
    "downgrades.held": "programs.decide_downgrades",
    "budget.nearly_used": "programs.change_cap",
    "budget.used_up": "programs.change_cap",
    "night.finished": "transactions.view_nightrun",
    "night.failed": "transactions.view_nightrun",
    "reconcile.drift": "transactions.view_nightrun",
    "channel.dead": "partners.view_connection",
}
#: What stands in somebody's list only where they ask for it: that all is well, and what others have decided.
ON_REQUEST = frozenset({"night.finished", "approval.decided"})

_BACKEND = "django.contrib.auth.backends.ModelBackend"


def part(event: Event, name: str) -> Mapping[str, object]:
    """A part of what an event says, empty where it does not say it."""
    found = event.data.get(name) if isinstance(event.data, dict) else None
    return found if isinstance(found, dict) else {}


def permission(event: Event) -> str:
    """The permission ("app.codename") that is needed to hear of `event`, "" where only superusers do."""
    if event.type.startswith("approval."):
        return MAY_DECIDE.get(str(part(event, "approval").get("kind", "")), "")
    return CONCERNS.get(event.type, "")


def may_hear_of(user: User, event_type: str) -> bool:
    """Whether some event of this type could concern `user`: what there is to choose from."""
    if event_type == "approval.decided":
        # Who asks for something hears what became of it, whatever else they may do.
        return True
    if event_type == "approval.requested":
        return any(user.has_perm(one) for one in MAY_DECIDE.values())
    return user.has_perm(CONCERNS[event_type]) if event_type in CONCERNS else user.is_superuser


def staff_with(wanted: str) -> QuerySet[User]:
    """The active people of the staff who have a permission, superusers included; for "" these alone."""
    people = User.objects.filter(is_active=True, is_staff=True)
    if not wanted:
        return people.filter(is_superuser=True)
    return people.filter(pk__in=User.objects.with_perm(wanted, backend=_BACKEND).values("pk"))


class Readers:
    """Whom several events concern, read with a fixed number of statements."""

    def __init__(self, events: Sequence[Event]) -> None:
        wanted = sorted({permission(event) for event in events})
        self._people = {one: {user.pk: user for user in staff_with(one)} for one in wanted}
        self._askers = self._read_askers(events)
        self._own = self._read_own(events)

    @staticmethod
    def _read_askers(events: Sequence[Event]) -> dict[str, User]:
        names = {_asked_by(event) for event in events if event.type == "approval.decided"} - {""}
        people = User.objects.filter(username__in=names, is_active=True, is_staff=True) if names else ()
        return {user.username: user for user in people}

    @staticmethod
    def _read_own(events: Sequence[Event]) -> dict[int, int]:
        """{key of a member: key of the user whose membership it is}."""
        keys = {event.member_id for event in events if event.member_id}
        if not keys:
            return {}
        rows = Member.objects.filter(pk__in=keys, customer__user__isnull=False)
        return dict(rows.values_list("pk", "customer__user"))

    def of(self, event: Event) -> dict[int, User]:
        """Those whom `event` concerns, by their keys."""
        found = dict(self._people[permission(event)])
        asker = _asked_by(event)
        if event.type == "approval.requested":
            own = self._own.get(event.member_id or 0)
            return {key: user for key, user in found.items() if user.username != asker and key != own}
        user = self._askers.get(asker) if event.type == "approval.decided" else None
        if user and _is_withdrawn(event):
            found.pop(user.pk, None)
        elif user:
            found[user.pk] = user
        return found

    def listed(self, event: Event, subscribed: Collection[int]) -> Iterator[User]:
        """Those in whose list it stands; `subscribed` are the keys of the users who asked for events like it."""
        for key, user in self.of(event).items():
            if event.type not in ON_REQUEST or key in subscribed or user == self._askers.get(_asked_by(event)):
                yield user


def _asked_by(event: Event) -> str:
    return str(part(event, "approval").get("by", "") or "")


def _is_withdrawn(event: Event) -> bool:
    """Whether who asked has taken it back, and knows."""
    return part(event, "approval").get("status") == "withdrawn"


def once(event_type: str, kind: str, key: int | str) -> str:
    """The name (`Event.once`) of what is said once about one request, by its kind and key."""
    return f"{event_type}:{kind}:{key}"


def decision_of(event: Event) -> str:
    """The name of the event that says what became of the request that waits; "" for what is no request."""
    return _named("approval.decided", event) if event.type == "approval.requested" else ""


def request_of(event: Event) -> str:
    """The name of the event that said that the request, which was decided, waits."""
    return _named("approval.requested", event)


def _named(event_type: str, event: Event) -> str:
    said = part(event, "approval")
    return once(event_type, str(said.get("kind", "")), str(said.get("id", "")))


def decided(events: Iterable[Event]) -> set[tuple[int, str]]:
    """(program, name of the decision) of those of these events whose request was decided; one statement at most."""
    asked = Q()
    for event in events:
        if name := decision_of(event):
            asked |= Q(program=event.program_id, once=name)
    return set(Event.objects.filter(asked).values_list("program", "once")) if asked else set()
