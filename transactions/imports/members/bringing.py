"""How is a batch of members brought in? Each row is one fact: all of it is written, or nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from loyalty_site.lib.refusals import Refusal, Refused
from partners.models import Connection
from partners.opening import Opening
from programs.configuration import Configuration
from programs.models import Program
from transactions import ledger
from transactions.books.items import Result
from transactions.imports.members import brought, lots
from transactions.imports.members.claims import TWICE
from transactions.imports.members.gathering import INCOMPLETE
from transactions.imports.members.mapping import MemberMapping
from transactions.imports.members.outcomes import (
    CONFLICT,
    FURTHER_CARD,
    OTHER_LOTS,
    PROMISED_END,
    Brought,
    in_own_words,
    moved,
)
from transactions.imports.members.people import People, Seated
from transactions.imports.members.row import Row
from transactions.imports.shelf import Shelf, short


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
        self._owners = Shelf()

    def bring(self, rows: Sequence[Row]) -> Brought:
        """Bring in `rows`, all lots of a member together. Nobody stays enrolled by a refused row."""
        done = Brought()
        left = self._fresh(rows, done)
        while left:
            with transaction.atomic():
                tried, wrong = self._attempt(left)
                transaction.set_rollback(bool(wrong) or self._rehearsed is not None)
            if not wrong:
                self._count(tried, done)
                break
            wrong = self._with_their_lots(left, wrong)
            done.refusals |= wrong
            left = [row for row in left if row.line not in wrong]
        return done

    def _fresh(self, rows: Sequence[Row], done: Brought) -> list[Row]:
        """The rows that are not recorded yet; the others are counted, or refused where they say something else.

        Read without locks: whatever is found here is so for good, and the rest is asked again.
        """
        if not self._has_facts(rows):
            return list(rows)
        found, _ = self.people.look_up(rows)
        members = {key: member_id for key, member_id in found.items() if member_id is not None}
        judged = self._judge(rows, members)
        refused = judged.refusals | self._twins(rows, members, judged)
        known = judged.known - refused.keys()
        done.refusals |= refused
        done.replayed += len(known)
        return [row for row in rows if row.line not in known and row.line not in refused]

    def _twins(self, rows: Sequence[Row], members: Mapping[str, int], judged: "_Judged") -> dict[int, Refusal]:
        """Rows of members whom earlier ones call otherwise, which the names in the file alone do not tell.

        Of members who were merged, each brought something of their own.
        """
        if self.mapping.rows == "card":
            return {}
        names = {row.line: f"{members[row.key]} {row.currency}" for row in rows if row.key in members}
        owners = self._owners.get(names.values())
        refused = {}
        for row in rows:
            name = names.get(row.line)
            is_merged = row.line in judged.known and judged.pasts[members[row.key]].is_of_several
            if name and owners.setdefault(name, short(row.key)) != short(row.key) and not is_merged:
                refused[row.line] = TWICE
        self._owners.put(owners)
        return refused

    def _judge(self, rows: Sequence[Row], members: Mapping[str, int]) -> "_Judged":
        """What is recorded of `rows` already, by the members whom they mean."""
        pasts = brought.read(self.configuration.id, set(members.values()), self.mapping.source)
        judged = _Judged(pasts)
        zone = self.configuration.zone
        for group in self._groups(rows):
            compared = lots.repeated(group) if self.mapping.rows == "lot" else group
            digests = [brought.digest_of(row, zone) for row in compared]
            judged.digests |= {row.line: said for row, said in zip(group, digests, strict=True)}
            if self.mapping.rows == "lot" and (problem := lots.problem_of(group)):
                judged.refusals |= {row.line: problem for row in group}
                continue
            past = pasts.get(members.get(group[0].key, 0))
            answer = brought.verdict(group, past, self.mapping, digests) if past else brought.NEW
            if answer == brought.SAME:
                judged.known |= {row.line for row in group}
            elif answer == brought.OTHER:
                conflict = OTHER_LOTS if self.mapping.rows == "lot" else CONFLICT
                judged.refusals |= {row.line: conflict for row in group}
        return judged

    def _groups(self, rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
        """What members bring at once: their lots of one currency, else a row."""
        groups: dict[object, list[Row]] = {}
        for row in rows:
            groups.setdefault((row.key, row.currency) if self.mapping.rows == "lot" else row.line, []).append(row)
        return groups.values()

    def _attempt(self, rows: Sequence[Row]) -> tuple[Brought, dict[int, Refusal]]:
        """(what was done, {line: Refusal}); with refusals, nothing of it may stay."""
        seated = self.people.seat(rows, timezone.now())
        able = [row for row in rows if row.line not in seated.refusals]
        newcomers = [key for key, place in seated.places.items() if place.is_new]
        tried = Brought(enrolled=len(newcomers), newcomers=newcomers)
        if self._has_facts(able):
            self._post(able, seated, tried)
        else:
            changed = sum(row.line in seated.changed for row in able)
            tried.posted, tried.replayed = changed, len(able) - changed
        return tried, seated.refusals

    def _post(self, rows: Sequence[Row], seated: Seated, tried: Brought) -> None:
        members = {key: place.member_id for key, place in seated.places.items()}
        judged = self._judge(rows, {key: at for key, at in members.items() if not seated.places[key].is_new})
        seated.refusals |= judged.refusals
        tried.replayed += len(judged.known)
        left = [row for row in rows if row.line not in judged.known and row.line not in judged.refusals]
        facts = list(self._facts(left, seated, judged))
        for start in range(0, len(facts), ledger.LARGEST_BATCH):
            chunk = facts[start : start + ledger.LARGEST_BATCH]
            results = ledger.record(
                [item for _, item in chunk], program_id=self.configuration.id, via=self.via, user=self.user
            )
            for (row, item), result in zip(chunk, results, strict=True):
                self._take(row, item, result, seated, tried)
        self._note_cards(left, members, judged, tried)

    def _facts(self, rows: Sequence[Row], seated: Seated, judged: "_Judged") -> Iterator[tuple[Row, Opening]]:
        """An Opening for each of `rows`, named by the member and by how many they have brought from the source."""
        mapping, counts = self.mapping, Counter[int]()
        credits = brought.credits_of(judged.pasts.values()) if mapping.mode == "set" else {}
        for group in self._groups(rows):
            for row in lots.once(group) if mapping.rows == "lot" else group:
                place = seated.places[row.key]
                past = judged.pasts.get(place.member_id) or brought.Past()
                counts[place.member_id] += 1
                nth = past.own(place.member_id) + counts[place.member_id]
                name = brought.digest(mapping.source, str(place.member_id), str(nth))
                yield (
                    row,
                    Opening(
                        external_id=f"{mapping.source}-{name}",
                        member={"number": place.number},
                        source=mapping.source,
                        sets=mapping.mode == "set",
                        replaces=[key for one in past.records for key in credits.get(one.journal_id, ())],
                        currency=row.currency,
                        attributes=brought.attributes_of(row, mapping, judged.digests[row.line]),
                        **({"tier_group": mapping.tier_group} | (row.fact or {})),
                    ),
                )

    def _take(self, row: Row, item: Opening, result: Result, seated: Seated, tried: Brought) -> None:
        if result.refusal:
            seated.refusals[row.line] = (
                CONFLICT if result.refusal.code == CONFLICT.code else in_own_words(result.refusal)
            )
        elif result.status == "replayed":
            tried.replayed += 1
        else:
            tried.posted += 1
            tried.moved[row.currency] += moved(result.answer)
            tried.rounded += bool(item.stated)
            currency = self.configuration.currencies.get(row.currency)
            if currency and currency.expiry.model == "activity" and item.ends_at and item.last_activity_at:
                tried.notes[row.line] = PROMISED_END

    def _note_cards(self, rows: Sequence[Row], members: Mapping[str, int], judged: "_Judged", tried: Brought) -> None:
        """Say of which members these are further cards."""
        if self.mapping.rows != "card":
            return
        known = {member_id for member_id, past in judged.pasts.items() if past.records}
        for row in rows:
            if members[row.key] in known:
                tried.notes[row.line] = FURTHER_CARD
            known.add(members[row.key])

    def _with_their_lots(self, rows: Sequence[Row], wrong: Mapping[int, Refusal]) -> dict[int, Refusal]:
        """`wrong`, and the other lots of members of whom one is refused."""
        if self.mapping.rows != "lot":
            return dict(wrong)
        keys = {row.key for row in rows if row.line in wrong}
        return {row.line: INCOMPLETE for row in rows if row.key in keys} | dict(wrong)

    def _count(self, tried: Brought, done: Brought) -> None:
        done.posted += tried.posted
        done.replayed += tried.replayed
        done.moved.update(tried.moved)
        done.rounded += tried.rounded
        done.enrolled += tried.enrolled
        done.notes |= tried.notes
        if self._rehearsed is not None:
            # A later batch finds nobody of those whom this one would have enrolled.
            done.enrolled -= len(self._rehearsed.get(tried.newcomers))
            self._rehearsed.put(dict.fromkeys(tried.newcomers, 1))

    @staticmethod
    def _has_facts(rows: Sequence[Row]) -> bool:
        """Whether the rows are about the ledger, too: all of a mapping are, or none."""
        return bool(rows) and rows[0].fact is not None

    def close(self) -> None:
        self._owners.close()
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


@dataclass(slots=True)
class _Judged:
    """What rows are to what is recorded: those `known`, why others are refused, and the digests of all, by line."""

    pasts: Mapping[int, brought.Past]
    known: set[int] = field(default_factory=set)
    refusals: dict[int, Refusal] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)
