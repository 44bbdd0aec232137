"""Run the night now, for the days that have closed since the last success; or say what a night would do.

Exit codes: 0 all done; 1 a step failed, or the reconciliation found differences, or a file could not be written;
2 no such program, no instant, no day that is left, or options that do not go together; 3 another process is running
it; 4 the clock contradicts what is stored (see --force).
"""

from contextlib import suppress
from datetime import datetime

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty_site import nightly
from loyalty_site.lib.instants import LAST_YEAR
from loyalty_site.management import night_preview
from loyalty_site.night import clock
from programs.models import Program

FAILED, UNKNOWN, BUSY, CLOCK = 1, 2, 3, 4


class Command(BaseCommand):
    help = "Release, expire, give up, seal and reconcile, for each local day that has closed. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--program", metavar="CODE", help="only this program")
        parser.add_argument("--now", metavar="ISO", help="as if it were this instant, for example 2026-03-01T02:00Z")
        parser.add_argument("--force", action="store_true", help="run although the clock seems to have jumped")
        parser.add_argument("--preview", action="store_true", help="only say what the night would do; write nothing")
        parser.add_argument(
            "--day", metavar="DATE", help="with --preview: the night of this day, by default tonight's"
        )
        parser.add_argument("--csv", metavar="FILE", help="with --preview: list the members there, - for here")

    def handle(
        self,
        *,
        program: str | None,
        now: str | None,
        force: bool,
        preview: bool,
        day: str | None,
        csv: str | None,
        **options: object,
    ) -> None:
        chosen = nightly.programs()
        if program:
            chosen = chosen.filter(code=program)
            if not chosen:
                raise CommandError(f"There is no program “{program}” that has begun.", returncode=UNKNOWN)
        if preview:
            if now or force:
                raise CommandError("--now and --force run a night; --preview runs none.", returncode=UNKNOWN)
            night_preview.Preview(self.stdout, self.stderr).show(chosen, day, csv)
            return
        if day or csv:
            raise CommandError("--day and --csv go with --preview.", returncode=UNKNOWN)
        instant = _instant(now)
        if force and instant and instant.year > LAST_YEAR:
            raise CommandError(f"Write an instant up to the year {LAST_YEAR}.", returncode=UNKNOWN)
        codes = [self._night(one, instant, force) for one in chosen]
        worst = max(codes, default=0)
        if worst:
            raise CommandError("Not all is done; see above.", returncode=worst)

    def _night(self, program: Program, now: datetime | None, force: bool) -> int:
        """Run one program's night; returns the exit code that it deserves."""
        code = 0
        try:
            for run in nightly.night(program, now=now, is_forced=force):
                counts = ", ".join(f"{name} {value}" for name, value in run.counts.items() if name != "listed")
                self.stdout.write(f"{run.program.code} {run.day} {run.step}: {run.error or counts or 'nothing'}")
                for drift in run.counts.get("listed", []):
                    self.stdout.write(f"  {drift}")
                if run.error or run.counts.get("differences") or run.counts.get("failed"):
                    code = FAILED
        except nightly.Busy:
            self.stderr.write(f"{program.code}: another process is running it.")
            return BUSY
        except clock.ClockJumped as why:
            self.stderr.write(f"{program.code}: {why} If that is right, say --force.")
            return CLOCK
        return code


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    with suppress(ValueError):
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant
    raise CommandError("Write the instant with its zone, like 2026-03-01T02:00+01:00.", returncode=UNKNOWN)
