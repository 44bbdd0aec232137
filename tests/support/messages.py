"""How do tests have somebody listen, and read what was told?"""

from members.models import Event
from partners.models import Connection
from programs.models import Message
from tests.support import hooks


def listen(made, *names):
    """A webhook of the program's owner listens to these events, besides whoever does already."""
    hooks.endpoint(made.owner, events=list(names))
    made.refresh_from_db()


def message(made, event, days=None, **fields):
    """An active message of an event, `days` before it for reminders."""
    connection = Connection.of(made.owner, Connection.Platform.API)
    fields = {"name": f"{event} {days}", "is_active": True, "purpose": "service"} | fields
    one = Message.objects.create(program=made, event=event, connection=connection, days_before=days, **fields)
    made.refresh_from_db()
    return one


def told(name, member=None):
    """The events of a name, of one member or of all, the oldest first."""
    found = Event.objects.filter(type=name).order_by("pk")
    return list(found.filter(member=member) if member else found)
