"""What do promotions give in one batch, and which codes of their own lists are used for it?

Codes are looked up by what was typed, then locked, then moved, each within its limit.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from loyalty_site.lib.arrays import Values
from loyalty_site.lib.sql import Session
from programs.configuration import Configuration
from programs.models import PromotionCode
from programs.promotion_codes import written
from transactions.books import counters
from transactions.books.balances import Cause
from transactions.books.counters import LockedCounter
from transactions.models import PromotionUse

_USE = "promotion_id journal_id member_id currency_id points discount activity_at"


class Typed(NamedTuple):
    """A code of a promotion's own list, by its key."""

    id: int
    promotion: str


class Reading:
    """One statement for all codes of a batch; sent inside a pipeline, taken when it has ended."""

    def __init__(self, session: Session, program_id: int, codes: Iterable[str]) -> None:
        self._rows = session.run(
            "SELECT c.code, c.id, p.code FROM programs_promotioncode c "
            "JOIN programs_promotion p ON p.id = c.promotion_id WHERE c.code {ids} AND p.program_id = %s",
            [sorted(map(written, codes)), program_id],
        )

    def take(self) -> Mapping[str, list[Typed]]:
        """{code: whose it is}, of those that there are."""
        found: dict[str, list[Typed]] = {}
        for code, key, promotion in self._rows.fetchall():
            found.setdefault(code, []).append(Typed(key, promotion))
        return found


class Promoted:
    """The codes of one batch while it holds them, and what promotions gave."""

    def __init__(
        self,
        session: Session,
        configuration: Configuration,
        typed: Mapping[str, Collection[Typed]],
        ids: Iterable[int] = (),
    ) -> None:
        """Locks what was `typed`, and the codes with the other `ids`, of which uses may be given back."""
        self._typed, self._locked = typed, dict[int, LockedCounter]()
        self._uses: list[Values] = []
        known = {one.id: configuration.promotions.get(one.promotion) for found in typed.values() for one in found}
        self._limits = {key: offer.uses_per_code for key, offer in known.items() if offer}
        wanted = sorted({*ids, *known})
        if wanted:
            lock = "FOR UPDATE" if session.is_postgresql and session.locks else ""
            rows = session.run(
                f"SELECT id, used FROM programs_promotioncode WHERE id {{ids}} ORDER BY id {lock}", [wanted]
            )
            for key, used in rows.fetchall():
                self._locked[key] = LockedCounter(used, key, self._limits.get(key, 0))

    def usable(self, code: str, freed: Collection[int] = ()) -> dict[str, int]:
        """{promotion: key of the code} of those whose code this is, while it can be used once more; uses of those
        that are `freed` come back by the same posting."""
        found = self._typed.get(written(code), ()) if self._typed else ()
        return {one.promotion: one.id for one in found if self._has_room(one.id, one.id in freed)}

    def _has_room(self, key: int, is_freed: bool) -> bool:
        row, limit = self._locked.get(key), self._limits.get(key)
        return row is not None and limit is not None and row.used - is_freed < limit

    def note(self, promotion_id: int, cause: Cause, member_id: int, currency_id: int, points: int) -> None:
        """Write down what a promotion gave by a journal, or (below zero) what was taken back of it."""
        self._uses.append((promotion_id, cause.journal_id, member_id, currency_id, points, 0, cause.at))

    def note_off(self, promotion_id: int, cause: Cause, member_id: int, amount: int) -> None:
        """The same of money off, in minor units."""
        self._uses.append((promotion_id, cause.journal_id, member_id, None, 0, amount, cause.at))

    def use(self, key: int) -> None:
        """Use it once."""
        self._locked[key].move(1)

    def give_back(self, key: int) -> None:
        """Give one use back; nothing of a code that is gone."""
        if key in self._locked and self._locked[key].used:
            self._locked[key].move(-1)

    def save(self, session: Session) -> Callable[[], None]:
        """Write what was noted, and move the codes, each within its limit; returns a check to call when the pipeline
        has ended."""
        session.insert(PromotionUse, _USE, self._uses)
        return counters.save(session, PromotionCode, (row for _, row in sorted(self._locked.items())))
