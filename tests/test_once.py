"""A test that needs no database runs once; what only seems to be one fails instead of being left out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

TESTS = """
import os, subprocess, sys
import pytest
from django.core.cache import cache
from django.db import connection
from partners.models import Partner

@pytest.fixture(scope="session")
def django_db_setup(): pass  # an empty file is enough here

def test_pure(): assert 1 + 1 == 2
def test_skipped(): pytest.skip("not here")
def test_wrong(): assert False
@pytest.mark.django_db
def test_marked(): assert connection.vendor
def test_by_fixture(db): assert connection.vendor
@pytest.mark.each_database
def test_elsewhere(): assert connection.vendor
def test_query(): Partner.objects.exists()
def test_late_fixture(request): request.getfixturevalue("db")
def test_unblocked(django_db_blocker):
    with django_db_blocker.unblock(): pass
def test_vendor(): assert connection.vendor
def test_cached(): cache.get("x")
def test_process(): subprocess.run([sys.executable, "-c", ""])
@pytest.mark.own_process
def test_process_of_its_own(): subprocess.run(["true"], env={"PATH": "/usr/bin:/bin"})
@pytest.mark.own_process
def test_process_that_inherits(): subprocess.run(["true"])
@pytest.mark.own_process
def test_process_that_is_told(): subprocess.run(["true"], env=dict(os.environ))
def test_swallowed():
    try:
        cache.get("x")
    except AssertionError:
        pass
"""
#: Runs them twice and prints which tests passed in each run.
TWICE = """
import json, sys
import pytest

class Passed(list):
    def pytest_runtest_logreport(self, report):
        if report.when == "call" and report.passed:
            self.append(report.nodeid.split("::")[1])

runs = []
for _ in range(2):
    runs.append(Passed())
    pytest.main(sys.argv[1:], plugins=[runs[-1]])
print(json.dumps(runs))
"""


@pytest.mark.slow
@pytest.mark.own_process
def test_only_what_passed_without_a_database_is_left_out_of_the_next_run(tmp_path):
    (tmp_path / "test_some.py").write_text(TESTS)
    own = {"TESTS_RUN_ONCE": str(tmp_path / "notes"), "VAR_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    options = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "-o", "addopts=", "test_some.py"]
    options += [word for name in ("tests.support.once", "no:xdist", "no:cacheprovider") for word in ("-p", name)]
    told = subprocess.run(
        [sys.executable, "-c", TWICE, *options], cwd=tmp_path, env=environment | own, capture_output=True, text=True
    )
    first, second = json.loads(told.stdout.splitlines()[-1])
    assert set(first) == {"test_pure", "test_process_of_its_own", "test_marked", "test_by_fixture", "test_elsewhere"}
    noted = [f"test_some.py::{name}" for name in ("test_process_of_its_own", "test_pure")]
    assert (tmp_path / "notes").read_text().split() == noted
    assert set(second) == {"test_marked", "test_by_fixture", "test_elsewhere"}
