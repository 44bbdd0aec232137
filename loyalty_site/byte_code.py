"""Where does Python keep the byte code of what it imports? Without it each process compiles for seconds at its start.

Imports nothing but the standard library, because it is asked before anything else is imported.
"""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

#: One of each folder that we are started from: the packages, and our own code.
PACKAGES = ("django", "celery", "loyalty_site")


def keep(folder: Path, packages: Sequence[str] = PACKAGES) -> bool:
    """Keep byte code below `folder`, for this process and those it starts, where it can stand beside no source.

    Says whether it does so. Nothing changes where somebody has decided otherwise, or `folder` cannot be written.
    """
    if sys.pycache_prefix or sys.dont_write_bytecode or all(map(_has_or_takes_it, packages)):
        return False
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    if not os.access(folder, os.W_OK):
        return False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(folder.resolve())
    return True


def _has_or_takes_it(package: str) -> bool:
    """Whether the byte code of a package is there already, or can be written where it belongs."""
    spec = find_spec(package)
    if spec is None or not spec.cached:
        return True
    beside = Path(spec.cached)
    return beside.exists() or os.access(beside.parent if beside.parent.exists() else beside.parent.parent, os.W_OK)
