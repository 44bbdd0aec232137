"""How do two memberships of one person become one, and two again? Source of the rules: semantics C21.

The source's points move to the target by transfer entries in one journal; its old journals stay where they
are. Whoever names the source from then on means the target (members/lookup.py).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TypedDict

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from loyalty_site.lib.arrays import Value
from loyalty_site.lib.refusals import Refused
from members import scores, snapshots, telling, tiers
from members.holdings import Account
from members.models import Member, Merge, Relation
from members.segments import keeping
from partners.activity import Adjustment
from partners.models import Connection
from transactions import ledger
from transactions.books import settlement
from transactions.books.unit_of_work import Books
from transactions.merging import double_bonuses, enrolments, joining, progress
from transactions.merging.double_bonuses import Bonus
from transactions.merging.records import Before, Record, State, StoredRecord
from transactions.models import Approval, Journal
from transactions.verbs.adjustments import ReasonMissing

EVENT = "member.merged"


class NotMergeable(Refused):
    """Something stands against it; the sentence says what."""

    code = "not_mergeable"


class Preview(TypedDict):
    """What a merge would do; nothing, where there are `problems`.

    `moves` are the points that would go to the target and `balances` what it would have, `tiers` the tier codes it
    would hold by group, `flags` the bonuses that were given twice; by the codes of currencies and groups.
    """

    problems: list[str]
    moves: dict[str, int]
    balances: dict[str, int]
    tiers: dict[str, str]
    flags: dict[str, list[Bonus]]


def preview(source: Member, target: Member, *, now: datetime | None = None) -> Preview:
    """What merging `source` into `target` would do.

    Everything is computed as in `merge`, and rolled back; nothing is written.
    """
    now = now or timezone.now()
    problems = [str(problem) for problem in _problems(source, target, now)]
    if problems:
        return {"problems": problems, "moves": {}, "balances": {}, "tiers": {}, "flags": {}}
    with transaction.atomic():
        done = merge(source, target, reason="Preview", now=now)
        record: StoredRecord = done.record
        transaction.set_rollback(True)
    source.refresh_from_db()
    return {
        "problems": [],
        "moves": record["moved"],
        "balances": record["after"]["balances"],
        "tiers": record["after"]["tiers"],
        "flags": record["flags"],
    }


def merge(
    source: Member,
    target: Member,
    *,
    reason: str,
    claw_back: bool = False,
    user: AbstractBaseUser | None = None,
    now: datetime | None = None,
) -> Merge:
    """Make the member `source` part of `target`; returns the Merge. Raises NotMergeable, ReasonMissing.

    Lots keep their ends, what is pending stays pending, arrears are owed by the target; tallies and counters
    are added. With `claw_back`, bonuses that a member gets once, and got twice, are debited.
    """
    if not reason.strip():
        raise ReasonMissing("Say why these two are one.", field="reason")
    now = now or timezone.now()
    with transaction.atomic():
        _check(source, target, now)
        books = settlement.open_books(target.program_id, [source.pk, target.pk], now=now)
        # Once more: only what is read under the lock is sure.
        _check(source, target, now)
        done = Merge(source=source, target=target, reason=reason, user_id=user.pk if user else None, merged_at=now)
        before: Before = {
            "flags": double_bonuses.given_twice(source, target),
            "tiers": _tiers_of(books, books.accounts[target.pk]),
        }
        done.record = before
        done.save()
        aliases = _move(books, done, before, user)
        Member.objects.filter(pk__in=[source.pk, *aliases]).update(status=Member.Status.MERGED, merged_into=target)
        keeping.leave([source.pk, *aliases])
        scores.forget([source.pk, *aliases])
        if claw_back:
            _claw_back(done, user, now)
        _tell(done, books, now)
    source.refresh_from_db()
    return done


def _move(books: Books, done: Merge, before: Before, user: AbstractBaseUser | None) -> list[int]:
    """Move all that the source has, and write down what; returns the keys of those who had been merged into it."""
    source, target = done.source, done.target
    giver, taker = books.accounts[source.pk], books.accounts[target.pk]
    record: Record = {
        **before,
        **joining.move_everything(books, giver, taker, done, user),
        "counters": joining.add_counters(source, target),
        "progress": progress.join(source, target),
        "relations": joining.move_relations(source, target, done.merged_at),
        "enrolments": enrolments.pass_on(source, target, done.merged_at),
        "aliases": list(source.merged_members.values_list("pk", flat=True)),
        "after": _state(books, taker),
    }
    done.record = record
    done.save(update_fields=["record"])
    return record["aliases"]


def _tell(done: Merge, books: Books, now: datetime) -> None:
    """Tell of the membership that remains, and which one is no more."""
    source, target = done.source, done.target
    if not telling.is_heard(target.program, EVENT):
        return
    said = snapshots.of(books.configuration, [target.pk])[target.pk]
    data: dict[str, Value] = {"member": said.said, "merged": {"number": source.number, "into": target.number}}
    telling.tell(target.program, EVENT, data, member_id=target.pk, occurred_at=now)


def _check(source: Member, target: Member, now: datetime) -> None:
    source.refresh_from_db()
    target.refresh_from_db()
    for problem in _problems(source, target, now):
        raise problem


def _problems(source: Member, target: Member, now: datetime) -> Iterator[NotMergeable]:
    """What stands against merging these two, most important first."""
    if source.pk == target.pk:
        yield NotMergeable("A member cannot be merged into itself.", field="target")
        return
    if source.program_id != target.program_id:
        yield NotMergeable("The two are members of different programs.", field="target")
        return
    if source.customer.kind != target.customer.kind:
        yield NotMergeable("A person and a group cannot become one.", field="target")
    for name, member in (("source", source), ("target", target)):
        if member.status != Member.Status.ACTIVE:
            yield NotMergeable(f"Member {member.number} is {member.status}; both must be active.", field=name)
        if Journal.objects.filter(member=member).reserving(now).exists():
            detail = f"Member {member.number} has an open reservation: confirm or release it first."
            yield NotMergeable(detail, field=name)
        if Approval.objects.filter(member=member, status=Approval.Status.WAITING).exists():
            yield NotMergeable(f"A posting for member {member.number} waits for approval.", field=name)
    groups = {**_shares(source), **_shares(target)}
    if sum(groups.values()) > 100:
        yield NotMergeable("Together they give more than 100 % to groups: end a relation first.", field="source")


def _shares(member: Member) -> dict[int, int]:
    """{group: per cent of what the member earns that goes to it}."""
    return dict(Relation.objects.live().filter(member=member).values_list("group_id", "percent"))


def _tiers_of(books: Books, account: Account) -> dict[str, int | None]:
    """{group: tier} of all ladders by their keys, as JSON keeps them; None for no tier."""
    held = {group: standing.tier_id for group, standing in account.tiers.items()}
    return {str(group.id): held.get(group.id) for group in books.configuration.tier_groups.values()}


def _state(books: Books, account: Account) -> State:
    """Balances and tiers of the target by code, for people."""
    currencies = books.currencies.values()
    return {
        "balances": {c.code: account.holding(c.id).balance for c in currencies if c.id in account.holdings},
        "pending": {c.code: account.holding(c.id).pending for c in currencies if c.id in account.holdings},
        "tiers": tiers.codes(books.configuration, account),
    }


def _claw_back(done: Merge, user: AbstractBaseUser | None, now: datetime) -> None:
    """Debit bonuses that were given twice, as far as the balance goes."""
    via = Connection.of(done.target.program.owner, Connection.Platform.BACK_OFFICE)
    items = [
        Adjustment(
            external_id=f"merge-{done.pk}-{code}",
            member={"number": done.target.number},
            points=-sum(bonus["points"] for bonus in flags),
            currency=code,
            reason="Bonus given twice, before two memberships became one",
        )
        for code, flags in done.record["flags"].items()
    ]
    ledger.record(items, program_id=done.target.program_id, via=via, user=user, now=now)
