"""Which configuration holds now, and which held when a journal was posted?

A compiled configuration is kept per process and version. The ledger compares one integer that it reads
anyway; nothing else is asked of the database until marketing changes something.
"""

from bisect import bisect_right
from datetime import datetime
from functools import lru_cache, partial
from operator import itemgetter

from django.db import connection, transaction
from django.dispatch import receiver

from loyalty_site.lib import commits
from programs import compiling, document
from programs.configuration import Configuration
from programs.models import Benefit, Program, ProgramVersion, Tier
from programs.models.programs import changed

_current: dict[int, Configuration] = {}


def current(program_id: int) -> Configuration:
    """The Configuration of today. May be a moment old: whoever locks compares `version` and calls `renew`."""
    return _current.get(program_id) or renew(program_id)


def of(program: Program) -> Configuration:
    """The Configuration of a Program that the caller has just read: never an older one."""
    known = current(program.pk)
    return known if known.version >= program.version else renew(program.pk)


def latest(program_id: int) -> Configuration:
    """The Configuration as it is stored at this moment, for who does not lock the program's members first."""
    known = current(program_id)
    return known if is_current(known) else renew(program_id)


def is_current(compiled: Configuration) -> bool:
    """Whether nothing was changed since `compiled` was read; one cheap statement."""
    return Program.objects.filter(pk=compiled.id, version=compiled.version).exists()


def renew(program_id: int) -> Configuration:
    """Compile the program as it is now, and keep its document under its version number for good.

    What is compiled inside a transaction is kept here only when that is committed: taken back, its
    version number will belong to another change.
    """
    compiled = _compile(program_id)
    if _may_be_taken_back():
        transaction.on_commit(lambda: _current.update({program_id: compiled}))
    else:
        _current[program_id] = compiled
    return compiled


@receiver(changed)
def _keep(program_id: int, **kwargs: object) -> None:
    """Every version that was in force for a while is kept, whether or not anything was posted under it."""
    program = Program.objects.filter(pk=program_id).first()
    if program and program.status == Program.Status.ACTIVE:
        of(program)


def _may_be_taken_back() -> bool:
    """Whether the caller has a transaction open; those in which tests run last longer than this process cares."""
    # Django sets it; its stubs do not know it.
    return any(not block._from_testcase for block in connection.atomic_blocks)  # type: ignore[attr-defined]


@commits.apart()
@transaction.atomic
def _compile(program_id: int) -> Configuration:
    """The program's row is locked, so no change of its parts is half visible (see Program.touch).

    Its parts are only read where nobody has kept the document of this version yet.
    """
    program = Program.objects.select_for_update(of=["self"], no_key=True).select_related("owner").get(pk=program_id)
    stored, _ = ProgramVersion.objects.get_or_create(
        program=program,
        number=program.version,
        defaults={
            "document": partial(document.export, program, with_versions=True),
            "since": program.changed_at,
        },
    )
    active = program.versions.filter(document__program__status=Program.Status.ACTIVE, number__lte=program.version)
    timeline = active.order_by("number").values_list("since", "number")
    return compiling.build(stored.document, version=program.version, ids=_ids(program), timeline=timeline)


def in_force(compiled: Configuration, instant: datetime) -> Configuration:
    """The Configuration whose rules count for what happened at an instant (semantics C16-R2).

    That is `compiled` itself unless it was changed since. It also counts for what happened before the program
    was active, and where the version of then has currencies that are gone.
    """
    timeline = compiled.timeline
    if not timeline or instant >= timeline[-1][0]:
        return compiled
    place = bisect_right(timeline, instant, key=itemgetter(0))
    then = at(compiled.id, timeline[place - 1][1]) if place else compiled
    return then if then.currencies.keys() <= compiled.currencies.keys() else compiled


def in_force_since(compiled: Configuration, instant: datetime) -> list[Configuration]:
    """The Configurations that `in_force` names for this instant and all later ones, oldest first."""
    changes = [since for since, _ in compiled.timeline if since > instant]
    found = {one.version: one for one in (in_force(compiled, moment) for moment in (instant, *changes))}
    return [*found.values()]


@lru_cache(maxsize=256)
def at(program_id: int, number: int) -> Configuration:
    """The Configuration that was in force at version `number`. Raises ProgramVersion.DoesNotExist."""
    stored = ProgramVersion.objects.select_related("program").get(program=program_id, number=number)
    return compiling.build(stored.document, version=number, ids=_ids(stored.program))


def forget() -> None:
    """Drop what this process has compiled (tests empty the database between them)."""
    _current.clear()
    at.cache_clear()


def _ids(program: Program) -> compiling.Ids:
    benefits = Benefit.objects.filter(tier__group__program=program)
    tiers = Tier.objects.filter(group__program=program).values_list("group__code", "code", "pk")
    groups = list(program.tier_groups.values_list("code", "pk", "recounted_version", "is_recounting"))
    return compiling.Ids(
        program=program.pk,
        currencies=dict(program.currencies.values_list("code", "pk")),
        tier_groups={code: pk for code, pk, *_ in groups},
        recounts={code: number for code, _, number, is_recounting in groups if number and is_recounting},
        tiers={(group, code): pk for group, code, pk in tiers},
        benefits={
            (group, tier, code): pk
            for group, tier, code, pk in benefits.values_list("tier__group__code", "tier__code", "code", "pk")
        },
        caps=dict(program.caps.values_list("code", "pk")),
        promotions=dict(program.promotions.values_list("code", "pk")),
    )
