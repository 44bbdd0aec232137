"""Recompute everything that is stored from the ledger, and report what differs. Changes nothing.

Exit codes: 0 all agrees; 1 something differs; 2 no such program.
"""

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from members.models import Member
from programs.models import Program
from transactions.proof.audit import audit

DRIFT, UNKNOWN = 1, 2


class Command(BaseCommand):
    help = "Recompute balances, lots, tallies and chains from the ledger; report what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--program", metavar="CODE", help="only this program")

    def handle(self, *, program: str | None, **options: object) -> None:
        programs = Program.objects.order_by("code")
        if program:
            programs = programs.filter(code=program)
            if not programs:
                raise CommandError(f"There is no program “{program}”.", returncode=UNKNOWN)
        count = 0
        total = Member.objects.filter(program__in=programs).count()
        with tqdm(total=total, unit=" members", disable=None) as bar:
            for one in programs:
                for drift in audit(one, progress=bar.update):
                    count += 1
                    bar.clear()
                    self.stdout.write(f"{one.code}: {drift}")
        if count:
            raise CommandError(f"{count:,} differences. Nothing was changed.", returncode=DRIFT)
        self.stdout.write(f"{total:,} members: everything follows from the ledger.")
