"""How does a benchmark end where nothing can be measured? In one sentence."""

import sys
from collections.abc import Callable

from tests import matrix


def run(main: Callable[[], None]) -> None:
    """Call `main`; without a database the program ends with its reason, and exit code 1."""
    try:
        main()
    except matrix.Unavailable as reason:
        sys.exit(f"Not measured: {reason}")
