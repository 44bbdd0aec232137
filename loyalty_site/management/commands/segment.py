"""Write the members of a segment into a file, or look up anew who they are.

Exit codes: 0 all done; 1 the file cannot be written; 2 no such program or segment.
"""

import sys
from typing import TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from members.segments import exporting
from programs.models import Segment
from transactions.segments import looking_up

UNWRITTEN, UNKNOWN = 1, 2


class Command(BaseCommand):
    help = "Write the members of a segment as CSV, as they were looked up last or, with --anew, are at this moment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("program", help="the code of the program")
        parser.add_argument("segment", help="the code of the segment")
        parser.add_argument("--csv", metavar="FILE", default="-", help="where to; without it to standard output")
        parser.add_argument("--anew", action="store_true", help="look up first who is in it")

    def handle(self, *, program: str, segment: str, csv: str, anew: bool, **options: object) -> None:
        found = Segment.objects.filter(program__code=program, code=segment).select_related("program").first()
        if found is None:
            raise CommandError(f"Program “{program}” has no segment “{segment}”.", returncode=UNKNOWN)
        if anew:
            looking_up.KIND.advance(looking_up.start(found))
        if csv == "-":
            self._write(found, sys.stdout)
            return
        try:
            with open(csv, "w", encoding="utf-8", newline="") as file:
                self._write(found, file)
        except OSError as error:
            raise CommandError(f"{csv} cannot be written: {error.strerror}.", returncode=UNWRITTEN) from error

    def _write(self, segment: Segment, file: TextIO) -> None:
        count = -1
        for line in exporting.lines(segment):
            file.write(line)
            count += 1
        self.stderr.write(f"{count:,} members of {segment.name}.")
