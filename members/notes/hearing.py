"""How does somebody of the staff want to hear of events? In their list alone, or by mail and Slack besides."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from members.models import StaffSubscription
from members.notes import readers
from partners.channels.base import Ability, Channel, NoAddress, Person
from partners.events import About, choices
from partners.models import Connection

#: How a member of staff is called in Slack, to find out who asks for such a name.
_SOMEBODY = Person(slack="U024BE7LH")


@dataclass(frozen=True, slots=True)
class Way:
    """A connection that brings notes: `is_shared` where all hear at one place, `takes_slack` where it brings them to
    people whose member id in Slack it is told."""

    connection: Connection
    channel: Channel
    is_shared: bool
    takes_slack: bool

    @property
    def label(self) -> str:
        """What it is called where somebody chooses."""
        return f"{self.channel.label}{', for everybody there' if self.is_shared else ''} ({self.connection})"

    def problem(self, user: User, slack: str) -> str:
        """Why nothing would reach `user` through it, "" where nothing is against it."""
        try:
            self.channel.address(reached(user, slack))
        except NoAddress as why:
            return str(why)
        return ""


def reached(user: User, slack: str) -> Person:
    """What a channel may know of somebody of the staff."""
    return Person(user.get_full_name() or user.get_username(), user.email, slack=slack)


def channel_of(connection: Connection) -> Channel | None:
    """The channel of a connection that brings notes, with its credentials; None for any other."""
    kind = connection.channel
    return kind(connection.pasted) if kind and Ability.NOTE in kind.can else None


def is_shared(connection: Connection, person: Person) -> bool:
    """Whether what leaves through it for `person` arrives where everybody hears: in a room of a chat."""
    channel = channel_of(connection)
    where = _place(channel, person) if channel else None
    return channel is not None and where is not None and where == _place(channel, Person())


def ways() -> list[Way]:
    """The connections in use through which notes leave."""
    rows = Connection.objects.filter(status=Connection.Status.ACTIVE).select_related("partner").order_by("pk")
    found = ((row, channel_of(row)) for row in rows)
    return [_way(row, channel) for row, channel in found if channel]


def offered(user: User) -> list[tuple[str, str]]:
    """(name, label) of the events that may concern `user`."""
    return [(name, label) for name, label in choices(About.STAFF) if readers.may_hear_of(user, name)]


def of(user: User) -> list[StaffSubscription]:
    """What somebody has chosen."""
    return list(StaffSubscription.objects.filter(user=user))


@transaction.atomic
def choose(
    user: User,
    wanted: Mapping[str, Collection[int | None]],
    *,
    ways: Sequence[Way],
    slack: str = "",
) -> None:
    """Let `user` hear of each event in `wanted` through the connections of these keys, None for the list.

    What was chosen of other events, or through connections that are not among the `ways`, stays.
    """
    User.objects.select_for_update().get(pk=user.pk)
    ids = {way.connection.pk: slack if way.takes_slack else "" for way in ways}
    mine = {(one.event, one.connection_id): one for one in of(user)}
    chosen = {(event, key) for event, keys in wanted.items() for key in keys if key is None or key in ids}
    asked = {(event, key) for event in wanted for key in (None, *ids)}
    gone = [one.pk for place, one in mine.items() if place in asked - chosen]
    StaffSubscription.objects.filter(pk__in=gone).delete()
    for place in sorted(chosen, key=str):
        event, key = place
        name = ids[key] if key else ""
        if place not in mine:
            StaffSubscription.objects.create(user=user, event=event, connection_id=key, slack=name)
        elif mine[place].slack != name:
            StaffSubscription.objects.filter(pk=mine[place].pk).update(slack=name)


def _way(connection: Connection, channel: Channel) -> Way:
    room, own = _place(channel, Person()), _place(channel, _SOMEBODY)
    return Way(connection, channel, is_shared=room is not None and room == own, takes_slack=own not in (None, room))


def _place(channel: Channel, person: Person) -> str | None:
    """The address of `person`, None where there is none."""
    try:
        return channel.address(person)
    except NoAddress:
        return None
