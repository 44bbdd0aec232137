"""How does the command line say what a night would do? Counts as lines, the members as CSV."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from django.core.management.base import CommandError

from loyalty_site.lib import instants, money
from loyalty_site.lib.refusals import Refused
from programs.models import Program
from transactions.outlook import as_csv, tonight
from transactions.outlook.coming import KINDS, POINTS, Coming
from transactions.outlook.tonight import Counts, Outlook

CANNOT_WRITE, UNKNOWN = 1, 2

#: The name of the file that is no file.
HERE = "-"


class Output(Protocol):
    """What lines are written to."""

    def write(self, text: str, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Preview:
    """Writes counts to `out`; where the list is written there, to `beside`, so that it stays a file of CSV."""

    out: Output
    beside: Output

    def show(self, programs: Iterable[Program], day: str | None, file: str | None) -> None:
        """Say what the night of each program would do. Raises CommandError with the code to exit with."""
        outlooks = _outlooks(programs, day)
        if file and len(outlooks) != 1:
            detail = f"A list is of one program, and there are {len(outlooks)}: say --program."
            raise CommandError(detail, returncode=UNKNOWN)
        with _opened(file, self.out) as listed:
            for outlook in outlooks:
                counts = Counts()
                comings = _counted(outlook.coming(), counts)
                if listed:
                    for line in as_csv.lines(outlook.configuration, comings):
                        listed.write(line)
                for _ in comings:
                    pass
                for line in lines(outlook, counts):
                    (self.beside if file == HERE else self.out).write(f"{line}\n")


def _outlooks(programs: Iterable[Program], day: str | None) -> list[Outlook]:
    meant = _day(day)
    try:
        return [tonight.of(program, meant) for program in programs]
    except Refused as refused:
        raise CommandError(refused.refusal.detail, returncode=UNKNOWN) from refused


def _day(text: str | None) -> date | None:
    found = instants.day(text) if text else None
    if text is not None and found is None:
        raise CommandError(f"“{text}” is no day; write one like 2026-12-31.", returncode=UNKNOWN)
    return found


@contextmanager
def _opened(file: str | None, here: Output) -> Iterator[Output | None]:
    if not file or file == HERE:
        yield here if file else None
        return
    try:
        with open(file, "w", encoding="utf-8", newline="") as opened:
            yield opened
    except OSError as error:
        detail = f"{file} cannot be written: {error.strerror}."
        raise CommandError(detail, returncode=CANNOT_WRITE) from error


def _counted(comings: Iterable[Coming], counts: Counts) -> Iterator[Coming]:
    for one in comings:
        counts.add(one)
        yield one


def lines(outlook: Outlook, counts: Counts) -> Iterator[str]:
    """What a night would do, in the order in which people ask for it."""
    start = f"{outlook.configuration.code} {outlook.day}"
    for kind in KINDS:
        for move, count in sorted(counts.moves.items()):
            if move.kind == kind:
                tiers = dict.fromkeys([move.before or "no tier", move.after or "no tier"])
                yield f"{start} {kind}: {count} in {move.group}, {' to '.join(tiers)}"
        if kind == POINTS:
            for code, units in sorted(counts.points.items()):
                amount = money.render(units, outlook.configuration.currencies[code].decimals)
                yield f"{start} points end: {amount} {code} of {counts.members[code]} members"
        elif counts.kinds[kind] and not any(move.kind == kind for move in counts.moves):
            yield f"{start} {kind}: {counts.kinds[kind]}"
    yield f"{start} could still be saved: {counts.savable}"
