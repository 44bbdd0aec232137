"""No process compiles again what another one has compiled, also where the packages can only be read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from loyalty_site import byte_code

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def only_read(tmp_path, monkeypatch):
    """The name of a package without byte code that can only be read."""
    source = tmp_path / "read_only_packages"
    (source / "plain_package").mkdir(parents=True)
    (source / "plain_package" / "__init__.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(source))
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith(str(source)) and real(path, mode))
    return "plain_package"


def test_it_is_kept_elsewhere_where_the_packages_can_only_be_read(only_read, tmp_path):
    assert byte_code.keep(tmp_path / "kept", [only_read])
    assert os.environ["PYTHONPYCACHEPREFIX"] == sys.pycache_prefix == str(tmp_path / "kept")
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700


def test_it_stays_beside_its_source_where_it_is_or_can_be_written(only_read, tmp_path, monkeypatch):
    beside = tmp_path / "read_only_packages" / "plain_package" / "__pycache__"
    beside.mkdir()
    (beside / f"__init__.{sys.implementation.cache_tag}.pyc").touch()
    assert not byte_code.keep(tmp_path / "kept", [only_read])
    monkeypatch.undo()
    assert not byte_code.keep(tmp_path / "kept", ["loyalty_site"])
    assert not (tmp_path / "kept").exists()


def test_who_decided_otherwise_is_left_alone(only_read, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert not byte_code.keep(tmp_path / "kept", [only_read])


def test_a_folder_that_cannot_be_made_is_done_without(only_read, tmp_path):
    (tmp_path / "file").touch()
    assert not byte_code.keep(tmp_path / "file" / "kept", [only_read])


STARTED = """
import json, os, sys
from pathlib import Path
from loyalty_site import byte_code
byte_code._has_or_takes_it = lambda package: False
import manage
sys.argv = ["manage.py", "help"]
manage.main()
import django
print(json.dumps([sys.pycache_prefix, django.__cached__, Path(django.__cached__).exists()]), file=sys.stderr)
"""


@pytest.mark.own_process
@pytest.mark.slow
def test_every_command_keeps_it_in_the_folder_of_the_installation(tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", STARTED],
        cwd=ROOT,
        env={"VAR_DIR": str(tmp_path), "SECRET_KEY": "s" * 50, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
    )
    prefix, cached, is_there = json.loads(told.stderr.strip().splitlines()[-1])
    assert prefix == str(tmp_path / "byte_code")
    assert cached.startswith(prefix)
    assert is_there
