"""Programs as JSON documents from the command line: export, import, check, list.

Exit codes: 0 all is well; 1 the document has problems, and nothing was written; 2 it could not be read.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.refusals import Refused
from programs import document
from programs.checks import Problem
from programs.models import Program
from programs.rules import sentences
from transactions.policies import importing

PROBLEMS, UNREADABLE = 1, 2


class Command(BaseCommand):
    help = "Export, import, check or list loyalty programs. “-” is standard input or output."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verb = verbs.add_parser("export", help="write a program as a JSON document")
        verb.add_argument("code")
        verb.add_argument("file", nargs="?", default="-")
        verb = verbs.add_parser("import", help="create or change a program from a document")
        verb.add_argument("file")
        verb.add_argument("--check", action="store_true", help="show what would change, and change nothing")
        verb.add_argument("--create-partners", action="store_true", help="make the partners that are missing")
        text = "points that members hold keep their ends when an expiry rule changes"
        verb.add_argument("--new-points-only", action="store_true", help=text)
        text = "where thresholds change: who reaches a tier now gets it at the next posting (default), or at once"
        verb.add_argument("--tiers", choices=["next", "upgrade"], default="next", help=text)
        text = "ladders that count otherwise: count anew what members have"
        verb.add_argument("--recount", action="store_true", help=text)
        verb = verbs.add_parser("check", help="look for problems in a document, or in a stored program")
        verb.add_argument("source", metavar="FILE|CODE")
        verbs.add_parser("list", help="list the stored programs")

    def handle(self, *args: object, verb: str, **options: Any) -> None:
        actions: dict[str, Callable[..., None]] = {
            "export": self.export,
            "import": self.apply,
            "check": self.check_source,
            "list": self.list,
        }
        actions[verb](**options)

    def export(self, *, code: str, file: str, **options: object) -> None:
        """Write the document of a stored program."""
        text = json.dumps(document.export(_stored(code)), indent=2, ensure_ascii=False)
        if file == "-":
            self.stdout.write(text)
            return
        try:
            Path(file).write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}", returncode=UNREADABLE) from None
        self.stderr.write(f"{code} written to {file}")

    def apply(
        self,
        *,
        file: str,
        check: bool,
        create_partners: bool,
        new_points_only: bool,
        tiers: importing.Effect,
        recount: bool,
        **options: object,
    ) -> None:
        """Make the stored program what the document says, or only list what that would change."""
        wanted = _read(file)
        try:
            done = importing.apply(
                wanted,
                reason=f"Import of {file}",
                tiers=tiers,
                recounts=recount,
                is_check=check,
                create_partners=create_partners,
                for_new_points=new_points_only,
            )
        except document.Invalid as error:
            self._refuse(error.problems)
        except Refused as error:
            raise CommandError(f"{error} Nothing was written.", returncode=PROBLEMS) from None
        self._warn([*document.lint(wanted), *document.unknown(wanted), *document.short_lists(wanted)])
        for change in done.changes:
            self.stdout.write(f"would have {change}" if check else str(change))
        for said in done.said:
            self.stdout.write(said)
        if not done.changes:
            self.stdout.write("nothing to change")

    def check_source(self, *, source: str, **options: object) -> None:
        """Look for problems in a document, or in a stored program."""
        is_file = source == "-" or Path(source).exists()
        wanted = _read(source) if is_file else document.export(_stored(source))
        if problems := document.problems(wanted):
            self._refuse(problems)
        self._warn([*document.lint(wanted), *document.unknown(wanted), *document.short_lists(wanted)])
        normal = document.normal(wanted)
        for rule in normal["rules"]:
            off = "" if rule["is_active"] else " (switched off)"
            self.stdout.write(f"{rule['code']}{off}: {sentences.of_spec(rule, normal)}")
        self.stdout.write(f"{source}: no problems")

    def list(self, **options: object) -> None:
        """List the stored programs."""
        for program in Program.objects.order_by("code"):
            self.stdout.write(f"{program.code}\t{program.status}\tv{program.version}\t{program.name}")

    def _refuse(self, problems: Sequence[Problem]) -> NoReturn:
        for problem in problems:
            self.stderr.write(str(problem))
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        raise CommandError(f"{count}; nothing was written.", returncode=PROBLEMS)

    def _warn(self, warnings: Iterable[Problem]) -> None:
        for warning in warnings:
            self.stderr.write(f"warning: {warning}")


def _stored(code: str) -> Program:
    program = Program.objects.select_related("owner").filter(code=code).first()
    if program is None:
        known = ", ".join(Program.objects.order_by("code").values_list("code", flat=True)[:20])
        words = f"known are {known}" if known else "there is none yet"
        raise CommandError(f"There is no file and no program “{code}”; {words}.", returncode=UNREADABLE)
    return program


def _read(file: str) -> ExactJson:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return document.read(raw)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", returncode=UNREADABLE) from None
    except document.Unreadable as error:
        raise CommandError(f"{file}: {error}", returncode=UNREADABLE) from None
