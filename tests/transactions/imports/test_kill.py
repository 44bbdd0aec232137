"""An import that is killed in the middle is simply started again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
from django.db import connection
from django.db.models import Sum

from members.models import Balance, Card, Member
from tests.support import factories
from tests.support.importing import PLAIN
from transactions.models import Journal
from transactions.proof.audit import audit

ROOT = Path(__file__).resolve().parents[3]
ROWS, CUSTOMERS = 6_000, 700


def database_url():
    """The test database, as another process reaches it."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(name)}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


class Importer:
    """Runs the command in a process of its own."""

    def __init__(self, folder, program, command="import_transactions", mapping=PLAIN):
        self.file, self.mapping, self.report = (folder / name for name in ("p.csv", "mapping.json", "report.csv"))
        self.mapping.write_text(json.dumps(mapping))
        self.command = [sys.executable, "manage.py", command, str(self.file), "--program", program.code]
        self.command += ["--mapping", str(self.mapping), "--report", str(self.report)]

    def write(self, rows):
        self.file.write_text("who,day,sum\n" + "".join(rows))

    def start(self):
        environment = os.environ | {"DATABASE_URL": database_url()}
        return subprocess.Popen(
            self.command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def kill_after(self, facts):
        """Start, and kill as soon as more than `facts` are recorded; returns how many there are then."""
        process = self.start()
        deadline = time.monotonic() + 120
        while Journal.objects.count() <= facts:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        return Journal.objects.count()

    def finish(self):
        process = self.start()
        told, error = process.communicate(timeout=200)
        assert process.returncode == 0, error
        return told


@pytest.fixture
def made(transactional_db):
    made = factories.program(rules=False, max_backdate_days=20_000)
    factories.rule(made, "spend", "per_amount", {"points": "1", "per": "1"})
    return made


@pytest.fixture
def importer(tmp_path, made):
    return Importer(tmp_path, made)


@pytest.fixture
def rows():
    """With equal ones far from each other, so that their numbering must survive the kill."""
    return [f"C{n * 11 % CUSTOMERS},2026-03-{n % 28 + 1:02},{n % 90 + 1}.50\n" for n in range(ROWS - 1_000)] + [
        f"C{n},2026-01-01,5.00\n" for n in range(500)
    ] * 2


def points(rows):
    return sum(int(row.split(",")[2].split(".")[0]) for row in rows)


def held():
    return Balance.objects.filter(currency__code="points").aggregate(total=Sum("available"))["total"]


@pytest.mark.slow
@pytest.mark.races
def test_a_killed_import_goes_on_where_it_was(made, importer, rows):
    # Each customer's earliest row first: who is enrolled by a later one cannot earn before it.
    rows = sorted(rows, key=lambda row: row.split(",")[1])
    importer.write(rows)
    first = importer.kill_after(0)
    second = importer.kill_after(first + 1_500)
    assert first < second < ROWS
    assert list(audit(made)) == []
    told = importer.finish()
    assert f"{ROWS - second:,} posted, {second:,} recorded before, 0 refused" in told
    assert Journal.objects.count() == ROWS
    assert Member.objects.count() == CUSTOMERS
    assert held() == points(rows)
    assert list(audit(made)) == []
    assert f"0 posted, {ROWS:,} recorded before" in importer.finish()


@pytest.mark.slow
@pytest.mark.races
def test_a_file_that_changed_meanwhile_is_imported_as_it_is_now(made, importer, rows):
    rows = sorted(rows, key=lambda row: row.split(",")[1])
    importer.write(rows)
    assert importer.kill_after(2_500) < ROWS
    # A row at the start and one at the end that were not there, and some that are gone.
    changed = ["C9999,2026-01-01,7.00\n", *rows[10:], "C9999,2026-03-28,8.00\n"]
    importer.write(changed)
    importer.finish()
    assert Journal.objects.filter(amount=700, member__customer__external_ids__value="C9999").count() == 1
    assert Journal.objects.count() == ROWS + 2
    assert held() == points(rows) + 15
    assert list(audit(made)) == []


@pytest.mark.slow
@pytest.mark.races
def test_a_killed_import_of_members_goes_on_where_it_was(tmp_path, made):
    mapping = {"source": "x", "fields": {"email": "who", "card": "day", "points": "sum"}}
    importer = Importer(tmp_path, made, "import_members", mapping)
    importer.write(f"m{n}@example.com,C-{n},{n % 50 + 1}\n" for n in range(ROWS))
    known = importer.kill_after(1_500)
    # Each row is there wholly, or not at all.
    assert known < ROWS
    assert known == Member.objects.count() == Card.objects.count()
    assert list(audit(made)) == []
    told = importer.finish()
    assert f"{ROWS - known:,} brought in, {known:,} recorded before, 0 refused" in told
    assert held() == sum(n % 50 + 1 for n in range(ROWS))
    assert list(audit(made)) == []
