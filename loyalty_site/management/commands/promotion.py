"""The codes of a promotion from the command line: import, generate, export.

Exit codes: 0 all is well; 1 the codes cannot be taken or made, and nothing was written; 2 there is no such program,
promotion or file, or it cannot be read or written.
"""

import io
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty_site.lib.refusals import Refused
from programs import promotion_codes
from programs.models import Promotion

REFUSED, UNKNOWN = 1, 2


class Command(BaseCommand):
    help = "Import, generate or export the codes of a promotion. “-” is standard input or output."

    def add_arguments(self, parser: CommandParser) -> None:
        nouns = parser.add_subparsers(dest="noun", required=True)
        verbs = nouns.add_parser("codes", help="the promotion's own list of codes").add_subparsers(
            dest="verb", required=True
        )
        for name, text in (
            ("import", "add the codes of a file in UTF-8, one in each line"),
            ("generate", "make new codes; with a file, write all that nobody has used into it"),
            ("export", "write the codes that nobody has used as CSV"),
        ):
            verb = verbs.add_parser(name, help=text)
            verb.add_argument("program", help="the code of the program")
            verb.add_argument("promotion", help="the code of the promotion")
            verb.add_argument("file", nargs="?", default="-")
            if name == "generate":
                verb.add_argument("--number", type=int, required=True, help="how many")
                verb.add_argument("--prefix", default="", help="with which they begin, for example MAY-")
            if name == "export":
                verb.add_argument("--all", action="store_true", help="all codes, with how often each was used")

    def handle(self, *args: object, verb: str, program: str, promotion: str, **options: Any) -> None:
        row = Promotion.objects.filter(program__code=program, code=promotion).select_related("program").first()
        if row is None:
            raise CommandError(f"Program “{program}” has no promotion “{promotion}”.", returncode=UNKNOWN)
        actions: dict[str, Callable[..., None]] = {
            "import": self.take,
            "generate": self.generate,
            "export": self.export,
        }
        try:
            actions[verb](row, **options)
        except Refused as refused:
            raise CommandError(refused.refusal.detail, returncode=REFUSED) from None
        except UnicodeDecodeError as error:
            said = f"{options['file']} is not in UTF-8: {error.reason}. Nothing was taken."
            raise CommandError(said, returncode=UNKNOWN) from None
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}.", returncode=UNKNOWN) from None

    def take(self, promotion: Promotion, *, file: str, **options: object) -> None:
        """Add the codes of a file, a part at a time."""
        if file == "-":
            taken = promotion_codes.take(promotion, io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8"))
        else:
            with open(file, encoding="utf-8") as lines:
                taken = promotion_codes.take(promotion, lines)
        self.stderr.write("\n".join(taken.sentences()))

    def generate(self, promotion: Promotion, *, file: str, number: int, prefix: str, **options: object) -> None:
        """Make new codes; into a file go all of the promotion that nobody has used."""
        if file != "-":
            # Known before anything is made.
            Path(file).touch()
        taken = promotion_codes.generate(promotion, number, prefix=prefix)
        if file != "-":
            self._write(promotion_codes.as_csv(promotion), file)
        self.stderr.write("\n".join(taken.sentences()))

    def export(self, promotion: Promotion, *, file: str, all: bool, **options: object) -> None:
        """Write the codes that nobody has used, or all."""
        self._write(promotion_codes.as_csv(promotion, used=all), file)

    def _write(self, parts: Iterable[str], file: str) -> None:
        if file == "-":
            for part in parts:
                self.stdout.write(part, ending="")
            return
        with open(file, "w", encoding="utf-8", newline="") as out:
            out.writelines(parts)
        self.stderr.write(f"Written to {file}.")
