"""What the tests of the import share: a folder to write files into, and the command as people call it."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import CommandError

#: Three columns and the customers of the file become members.
PLAIN = {"enrol": True, "fields": {"customer": "who", "date": "day", "amount": "sum"}}


@dataclass
class Run:
    """What a run of the command said: exit code, standard output, error text, rows of the report."""

    code: int
    told: str
    error: str
    report: list

    @property
    def codes(self):
        return [(int(row["line"]), row["field"], row["code"]) for row in self.report]


class Folder:
    """Writes files and imports them."""

    def __init__(self, path, program):
        self.path, self.program = path, program

    def file(self, content, name="purchases.csv"):
        path = self.path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def load(self, content, mapping=PLAIN, *options, program=None):
        """Import `content` (text, bytes or a path); returns a Run."""
        return self._run("import_transactions", content, mapping, options, program)

    def bring(self, content, mapping, *options, program=None):
        """Bring in the members of `content`; a text as `mapping` names one that comes along. Returns a Run."""
        return self._run("import_members", content, mapping, options, program)

    def _run(self, command, content, mapping, options, program):
        file = content if isinstance(content, Path) else self.file(content)
        described = mapping if isinstance(mapping, Path | str) else self.file(json.dumps(mapping), "mapping.json")
        report = self.path / "report.csv"
        report.unlink(missing_ok=True)
        out, code, error = io.StringIO(), 0, ""
        arguments = [file, "--program", program or self.program.code, "--mapping", described, "--report", report]
        try:
            call_command(command, *map(str, arguments), *options, stdout=out, stderr=out)
        except CommandError as failed:
            code, error = failed.returncode, str(failed)
        return Run(code, out.getvalue(), error, read_report(report))


def read_report(path):
    if not path.exists():
        return []
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
