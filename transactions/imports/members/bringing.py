"""How is a batch of members brought in? Each row is one fact: all of it is written, or nothing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refusal, Refused
from partners.models import Connection
from partners.opening import Opening
from programs.configuration import Configuration
from programs.models import Program
from transactions import ledger
from transactions.imports.members.mapping import MemberMapping
from transactions.imports.members.people import People, Seated
from transactions.imports.members.rows import Row
from transactions.imports.shelf import Shelf
from transactions.models import Journal

CONFLICT = Refusal(
    "idempotency_conflict",
    "Another balance of this member was brought in from this source before. Leave the row out, let the mapping set "
    "balances, or give the file a source of its own.",
    field="points",
)


@dataclass(slots=True)
class Brought:
    """What became of some rows; `points` is by how much balances moved, `refusals` are by line.

    `rounded` rows had fractions of points, `newcomers` are the keys of those who were enrolled.
    """

    posted: int = 0
    replayed: int = 0
    enrolled: int = 0
    points: int = 0
    rounded: int = 0
    newcomers: Sequence[str] = ()
    refusals: dict[int, Refusal] = field(default_factory=dict)


class Bringer:
    """Brings batches in. With `rehearse` each is rolled back, and what it enrolled is remembered."""

    def __init__(
        self,
        program: Program,
        via: Connection,
        configuration: Configuration,
        mapping: MemberMapping,
        *,
        user: AbstractBaseUser | None,
        rehearse: bool,
    ) -> None:
        self.via, self.configuration, self.mapping, self.user = via, configuration, mapping, user
        country = mapping.country or configuration.country
        self.people = People(program, mapping, _ids_of(program, mapping, via), country=country)
        self._rehearsed = Shelf() if rehearse else None

    def bring(self, rows: Sequence[tuple[Row, int]]) -> Brought:
        """Bring in `rows`, each with its place among those of its member. Nobody stays enrolled by a refused row."""
        done = Brought()
        items = {row.line: self._item(row, nth) for row, nth in rows}
        left = self._fresh([row for row, _ in rows], items, done)
        while left:
            with transaction.atomic():
                tried, wrong = self._attempt(left, items)
                transaction.set_rollback(bool(wrong) or self._rehearsed is not None)
            if not wrong:
                self._count(tried, done)
                break
            done.refusals |= wrong
            left = [row for row in left if row.line not in wrong]
        return done

    def _attempt(
        self, rows: Sequence[Row], items: Mapping[int, Opening | None]
    ) -> tuple[Brought, dict[int, Refusal]]:
        """(what was done, {line: Refusal}); with refusals, nothing of it may stay."""
        now = timezone.now()
        seated = self.people.seat(rows, now)
        able = [row for row in rows if row.line not in seated.refusals]
        newcomers = [key for key, place in seated.places.items() if place.is_new]
        tried = Brought(enrolled=len(newcomers), newcomers=newcomers)
        self._post(able, items, seated, tried)
        return tried, seated.refusals

    def _post(self, rows: Sequence[Row], items: Mapping[int, Opening | None], seated: Seated, tried: Brought) -> None:
        facts = [
            (row.line, _of(item, seated.places[row.key].number))
            for row in rows
            if (item := items[row.line]) is not None
        ]
        results = ledger.record(
            [item for _, item in facts], program_id=self.configuration.id, via=self.via, user=self.user
        )
        changed = sum(row.line in seated.changed for row in rows if items[row.line] is None)
        tried.posted += changed
        tried.replayed += len(rows) - len(facts) - changed
        for (line, item), result in zip(facts, results, strict=True):
            if result.refusal:
                seated.refusals[line] = CONFLICT if result.refusal.code == CONFLICT.code else _own(result.refusal)
            elif result.status == "replayed":
                tried.replayed += 1
            else:
                tried.posted += 1
                tried.points += _moved(result.answer)
                tried.rounded += bool(item.stated)

    def _count(self, tried: Brought, done: Brought) -> None:
        done.posted += tried.posted
        done.replayed += tried.replayed
        done.points += tried.points
        done.rounded += tried.rounded
        done.enrolled += tried.enrolled
        if self._rehearsed is not None:
            # A later batch finds nobody of those whom this one would have enrolled.
            done.enrolled -= len(self._rehearsed.get(tried.newcomers))
            self._rehearsed.put(dict.fromkeys(tried.newcomers, 1))

    def _fresh(self, rows: Sequence[Row], items: Mapping[int, Opening | None], done: Brought) -> list[Row]:
        """The rows that are not recorded yet; the others are counted, or refused where they say something else."""
        names = [item.external_id for item in items.values() if item]
        stored = Journal.objects.filter(
            program=self.configuration.id, connection=self.via, kind=Journal.Kind.OPENING, external_id__in=names
        )
        known = dict(stored.values_list("external_id", "attributes")) if names else {}
        fresh = []
        for row in rows:
            item = items[row.line]
            before = known.get(item.external_id) if item else None
            if item is None or before is None:
                fresh.append(row)
            elif before == item.attributes:
                done.replayed += 1
            else:
                done.refusals[row.line] = CONFLICT
        return fresh

    def _item(self, row: Row, nth: int) -> Opening | None:
        """The Opening of a row but for its member, None where it says nothing for the ledger.

        What a member brings from one source is one fact, whatever it says: a changed balance is a conflict. A balance
        that is set, and a tier, are facts by what they say.
        """
        if row.fact is None:
            return None
        mapping = self.mapping
        said = json.dumps(row.fact, sort_keys=True, default=_text)
        parts: list[str] = [row.key, mapping.currency or "-"]
        if "points" not in mapping.targets or mapping.mode == "set":
            parts += [mapping.mode, said]
        elif mapping.rows == "lot":
            parts += [_text(row.fact.get("ends_at")), _text(row.fact.get("earned_at")), str(nth)]
        return Opening(
            external_id=f"{mapping.source}-{_digest(*parts)}",
            member={},
            source=mapping.source,
            sets=mapping.mode == "set",
            currency=mapping.currency,
            tier_group=mapping.tier_group,
            attributes={"row": _digest(said)},
            **row.fact,
        )

    def close(self) -> None:
        if self._rehearsed is not None:
            self._rehearsed.close()


def _ids_of(program: Program, mapping: MemberMapping, via: Connection) -> Connection:
    """The connection whose ids the file has. Raises Refused where the owner has none of that name."""
    if not mapping.connection:
        return via
    found = program.owner.connections.filter(name=mapping.connection).first()
    if found is None:
        known = ", ".join(program.owner.connections.values_list("name", flat=True)) or "none"
        raise Refused(f"The owner of the program has no connection “{mapping.connection}”; it has: {known}.")
    return found


def _of(item: Opening, number: str) -> Opening:
    return replace(item, member={"number": number})


#: What the mapping calls the fields that the ledger names otherwise.
_TARGETS = {
    "ends_at": "expires",
    "earned_at": "earned",
    "tier_until": "tier_expires",
    "earned_before": "lifetime_earned",
    "redeemed_before": "lifetime_redeemed",
    "qualifying": "qualifying_points",
    "last_activity_at": "last_activity",
}


def _own(refusal: Refusal) -> Refusal:
    """A refusal of the ledger in the words of the mapping."""
    return replace(refusal, field=_TARGETS.get(refusal.field, refusal.field))


def _moved(answer: JsonObject | None) -> int:
    points = (answer or {}).get("points")
    return sum(moved for moved in points.values() if isinstance(moved, int)) if isinstance(points, dict) else 0


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value or "")
