"""What is told of the journals under which points moved? What was said of them, without asking for it again."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import NamedTuple, TypeAlias, cast

from loyalty_site.lib import money
from loyalty_site.lib.arrays import Value, Values
from loyalty_site.lib.json_types import JsonObject
from members.snapshots import as_json
from partners.callers import Via
from partners.models import Connection
from transactions.books.columns import JOURNAL
from transactions.models import Journal

#: The columns of a journal that are told, as `_SAID` names them.
_Said: TypeAlias = tuple[int, int, str, str, str, datetime, int, str, str, JsonObject]
_SAID = "id connection_id kind activity external_id activity_at amount money order_ref payload"
_said = cast("Callable[[Values], _Said]", itemgetter(*(JOURNAL.split().index(name) for name in _SAID.split())))
#: The same of one that was written before, with the code of the store and the partner.
_STORED = "pk connection_id kind activity external_id activity_at amount money order_ref store__code"
_PARTNER = "connection__partner_id connection__partner__code"


class Told(NamedTuple):
    """What is told of a journal of this kind, as JSON, and the key of the partner whose fact it is.

    `at_each`: without an instant of its own, as of the journal of a day, under which time does many things.
    """

    partner_id: int
    kind: str
    transaction: bytes
    at_each: Mapping[str, Value] | None = None

    def at(self, instant: datetime) -> bytes:
        """What is told of it where something happened at an instant."""
        return as_json({**self.at_each, "activity_at": instant}) if self.at_each else self.transaction


class Known:
    """What is at hand to tell of journals: (key, code) of partners by the keys of connections, and what is `told` of
    the journal under which time writes, by its key."""

    def __init__(self) -> None:
        self.partners: dict[int, tuple[int, str]] = {}
        self.of_time: dict[int, Told] = {}

    def note_connection(self, via: Via) -> None:
        """Facts come through it."""
        self.partners[via.pk] = via.partner.pk, via.partner.code

    def note_day(self, key: int, day: str, connection: Connection) -> None:
        """Time writes under the journal `key` of that day."""
        self.note_connection(connection)
        kind = Journal.Kind.SETTLEMENT.value
        partner_id, code = self.partners[connection.pk]
        said = _said_as_told((key, 0, kind, kind, day, datetime.min.replace(tzinfo=UTC), 0, "", "", {}), code)
        self.of_time[key] = Told(partner_id, kind, b"", said)

    def told(self, written: Iterable[Values], stored: Collection[int]) -> dict[int, Told]:
        """{key: Told} of journals that are about to be `written`, and of `stored` ones, by their keys.

        Asks the database only for what is not at hand: other connections, and what is stored.
        """
        journals = [_said(row) for row in written]
        self._look_up({one[1] for one in journals} - self.partners.keys())
        found = {one[0]: _told(one, *self.partners[one[1]]) for one in journals}
        others = set(stored) - found.keys() - self.of_time.keys()
        return found | self.of_time | (_read(others) if others else {})

    def _look_up(self, connection_ids: set[int]) -> None:
        if connection_ids:
            rows = Connection.objects.filter(pk__in=connection_ids).values_list("pk", "partner_id", "partner__code")
            self.partners.update({key: (partner_id, code) for key, partner_id, code in rows})


def _read(journal_ids: Collection[int]) -> dict[int, Told]:
    """What is told of journals that were written before: reservations, and what had waited."""
    found: dict[int, Told] = {}
    rows = Journal.objects.filter(pk__in=journal_ids).values_list(*_STORED.split(), *_PARTNER.split())
    for *row, store, partner_id, code in rows:
        said = cast("_Said", (*row, {"store": store}))
        found[said[0]] = _told(said, partner_id, code)
    return found


def _told(said: _Said, partner_id: int, code: str) -> Told:
    return Told(partner_id, said[2], as_json(_said_as_told(said, code)))


def _said_as_told(said: _Said, code: str) -> dict[str, Value]:
    key, _, kind, activity, external_id, at, amount, iso, order, payload = said
    return {
        "id": key,
        "kind": kind,
        "activity": activity,
        "external_id": external_id,
        "activity_at": at if at.tzinfo is UTC else at.astimezone(UTC),
        "partner": code,
        "store": payload.get("store") or None,
        "amount": money.render(amount, money.exponent(iso)) if iso else None,
        "money": iso,
        "order": order,
    }
