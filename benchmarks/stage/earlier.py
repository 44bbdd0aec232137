"""How is the engine as it was measured beside today's? Its tree is unpacked, and its own processes import from it."""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Names, in the environment of a process, the folder from which it imports the product.
TREE = "BENCHMARK_TREE"
HERE = Path(__file__).resolve().parent.parent.parent


@contextmanager
def tree(revision: str) -> Iterator[str]:
    """Yields a folder with the files of that commit; exits with git's own words if there is none."""
    command = ["git", "-C", str(HERE), "archive", "--format=tar", revision]
    packed = subprocess.run(command, capture_output=True)
    if packed.returncode:
        sys.exit(f"Not measured: {packed.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(folder, filter="data")
        yield folder


def use(folder: str) -> None:
    """Let this process import the product and its tests from that folder; the benchmarks stay today's."""
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]
    sys.path.insert(0, folder)
    # Celery puts the current folder in front of all others.
    os.chdir(folder)


def check(folder: str) -> None:
    """Raises AssertionError unless this process measures the code in that folder."""
    from transactions import ledger

    assert Path(ledger.__file__).is_relative_to(folder), f"{ledger.__file__} is not in {folder}"
