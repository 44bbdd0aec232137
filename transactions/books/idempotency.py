"""Is a fact known already, and what was answered to it then? Source of the rule: semantics C3-R2."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from loyalty_site.lib.arrays import Value
from loyalty_site.lib.json_types import Json
from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session
from partners.activity import ADDED
from programs.configuration import Configuration
from transactions.books.items import Item, Result

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: (kind of the journal, external id).
Name: TypeAlias = tuple[str, str]

#: (order, member, activity) of an event that came before its order.
Event: TypeAlias = tuple[str, int, str]

#: What a field of an item may hold: plain values, instants, days, and parts, which have fields of their own.
Held: TypeAlias = "Json | date | DataclassInstance | tuple[DataclassInstance, ...]"


class IdempotencyConflict(Refused):
    """The name belongs to a fact with another content."""

    code = "idempotency_conflict"


class Stored(NamedTuple):
    """A known fact; `answer` is JSON text."""

    journal_id: int
    fingerprint: str
    answer: str

    def replay(self) -> Result:
        """What was answered then, once more."""
        return Result("replayed", self.journal_id, json.loads(self.answer))


@dataclass(slots=True)
class Known:
    """What is stored of the facts of a batch, and of what came before them.

    `waiting` are the refunds (keys of journals) that are ahead of orders of this batch, each with the place in the
    batch at which it was sent, None for one that was stored before.
    """

    facts: dict[Name, Stored] = field(default_factory=dict)
    waiting: dict[int, int | None] = field(default_factory=dict)
    events: set[Event] = field(default_factory=set)

    def replay(self, name: Name, fingerprint: str) -> Result | None:
        """The answer of then to a fact that is known. Raises IdempotencyConflict when another one has its name."""
        stored = self.facts.get(name)
        if stored is None:
            return None
        if stored.fingerprint != fingerprint:
            raise _conflict(stored)
        return stored.replay()

    def check_free(self, names: Iterable[Name]) -> None:
        """Raises IdempotencyConflict when a fact has one of these names."""
        for name in names:
            if name in self.facts:
                raise _conflict(self.facts[name])


def _conflict(stored: Stored) -> IdempotencyConflict:
    return IdempotencyConflict(
        f"Transaction {stored.journal_id} has this external_id and another content; "
        "use a new external_id, or reverse that transaction first.",
        field="external_id",
    )


def read(
    session: Session, configuration: Configuration, connection_id: int, names: Collection[Name], orders: Sequence[str]
) -> Callable[[], Known]:
    """Send the statement that reads the journals of `names`, and what came ahead of `orders`; returns its taker."""
    where = [configuration.id, connection_id]
    params: list[Value] = [*where, sorted({kind for kind, _ in names}), [name for _, name in names], *where, orders]
    early = ""
    if any(currency.pending_event for currency in configuration.currencies.values()):
        early = (
            " UNION ALL SELECT 'event', order_ref, member_id, activity, NULL FROM transactions_journal "
            "WHERE program_id = %s AND connection_id = %s AND NOT (order_ref = '') AND order_ref {ids} "
            "AND kind = 'accrual' AND status IN ('processed', 'partially_reversed', 'reversed')"
        )
        params += [*where, orders]
    rows = session.run(
        "SELECT kind, external_id, id, fingerprint, answer FROM transactions_journal "
        "WHERE program_id = %s AND connection_id = %s AND kind {ids} AND external_id {ids} "
        "UNION ALL SELECT 'waiting', order_ref, id, '', NULL FROM transactions_journal "
        "WHERE program_id = %s AND connection_id = %s AND NOT (order_ref = '') AND order_ref {ids} "
        "AND kind = 'reversal' AND status = 'pending'" + early,
        params,
    )

    def take() -> Known:
        known = Known()
        for kind, name, key, mark, answer in rows.fetchall():
            if kind == "waiting":
                known.waiting[key] = None
            elif kind == "event":
                known.events.add((name, key, mark))
            else:
                known.facts[kind, name] = Stored(key, mark, answer)
        return known

    return take


def fingerprint(item: Item) -> str:
    """The same for the same content: what tells a repetition from a conflict."""
    return mark_of(content(item))


def content(item: Item) -> str:
    """All that an item says, as one text."""
    kind = type(item)
    return _in_one_order([kind.__name__, *_content(kind)(item)])


def mark_of(text: str) -> str:
    """The fingerprint of what an item says."""
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=32)
def _content(kind: "type[DataclassInstance]") -> "Callable[[DataclassInstance], tuple[Held, ...]]":
    """What reads the fields of an item, or of a part of one, in the order of their declaration.

    Of those that were `ADDED` since the first facts were stored only what is not at its default, by its name: the
    same fact is the same before and after.
    """
    always: Callable[[DataclassInstance], tuple[Held, ...]]
    told = [each.metadata.get("compared_as", each.name) for each in fields(kind) if each.metadata != ADDED]
    always = attrgetter(*told)
    added = [(each.name, _default(each)) for each in fields(kind) if each.metadata == ADDED]

    def with_added(value: "DataclassInstance") -> tuple[Held, ...]:
        said = {name: held for name, default in added if (held := getattr(value, name)) != default}
        return (*always(value), said) if said else always(value)

    return with_added if added else always


def _default(each: "Field[object]") -> object:
    """What the field holds where nothing is said."""
    return each.default if each.default_factory is MISSING else each.default_factory()


def _plain(value: "date | DataclassInstance") -> "float | str | tuple[Held, ...]":
    """JSON for what an item may hold beside plain values: instants, days and parts."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date):
        return value.isoformat()
    return _content(type(value))(value)


_in_one_order = json.JSONEncoder(sort_keys=True, default=_plain).encode
