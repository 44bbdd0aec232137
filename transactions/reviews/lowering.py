"""How is an agreed downgrade booked, under the lock of its member?"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from members import assessing
from members.ladder import Ladder, Reason
from members.ladder_rows import LockedStanding
from members.models import Standing
from programs.ladders import Tier
from programs.periods import ONE_DAY
from transactions.books import settlement


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody has said at the instant `at`: all are lowered, with a `note`, but who is `excepted`.

    That maps keys of standings to reasons. `own` are the keys of members who are the person that decides.
    """

    group_code: str
    at: datetime
    note: str
    excepted: Mapping[int, str]
    own: Collection[int]


def lower(program_id: int, standing_ids: Collection[int], word: Word, *, now: datetime) -> Counter[str]:
    """Lower or hold on who still waits with these standings; counts by what became of each.

    That is "lowered", "excepted", "own" or "left_out": of these, another standing is held by now. For the caller's
    transaction.
    """
    current = Standing.objects.filter(pk__in=standing_ids, is_current=True)
    members = set(current.values_list("member_id", flat=True))
    done = Counter({"left_out": len(standing_ids) - len(members)})
    if not members:
        return done
    books = settlement.open_books(program_id, members, now=now)
    group = books.configuration.tier_groups[word.group_code]
    for account in books.accounts.values():
        done[_one(Ladder(books.configuration, group, account), standing_ids, word, now)] += 1
    books.close()
    return done


def _one(ladder: Ladder, standing_ids: Collection[int], word: Word, now: datetime) -> str:
    held, tier = ladder.held, ladder.tier
    if held is None or tier is None or held.id not in standing_ids or held.waits_from is None:
        return "left_out"
    if ladder.account.id in word.own:
        return "own"
    if assessing.saves(ladder, now):
        return "left_out"
    reason = word.excepted.get(held.id or 0)
    if reason is not None:
        ended_at = held.valid_until or held.waits_from
        counts = ladder.closing(ladder.last_day(ended_at), ladder.day(word.at) + ONE_DAY)
        assessing.renew(ladder, held, tier, counts, ended_at=ended_at, reason=Reason.MANUAL.value, note=reason)
    else:
        assessing.lower(ladder, held, _target(ladder, held, tier, word.at), at=word.at, note=word.note)
    assessing.settle_group(ladder, now)
    return "lowered" if reason is None else "excepted"


def _target(ladder: Ladder, held: LockedStanding, tier: Tier, at: datetime) -> Tier | None:
    """What was proposed, or a higher tier that was earned while the downgrade waited."""
    ended_at = held.valid_until or held.waits_from or at
    proposed = ladder.group.by_id.get(held.proposed_id)
    earned = ladder.group.below(tier, ladder.closing(ladder.last_day(ended_at), ladder.day(at) + ONE_DAY))
    return max(proposed, earned, key=ladder.group.rank)
