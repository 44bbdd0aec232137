#!/usr/bin/env python
"""Django's command line: `python manage.py help` lists what it can do."""

import os
import sys
from pathlib import Path

from loyalty_site import byte_code


def main() -> int:
    """Run a command; returns the exit code of one that was ended from outside, as the shell would give it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty_site.settings")
    # As settings.py finds the folder, which would load Django.
    byte_code.keep(Path(os.environ.get("VAR_DIR", "").strip() or Path(__file__).parent / "var") / "byte_code")
    try:
        # Here, because loading Django takes long enough to be interrupted.
        from django.core.management import execute_from_command_line

        try:
            execute_from_command_line(sys.argv)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read what we print has seen enough (`manage.py audit | head`), and Python would flush once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0


if __name__ == "__main__":
    sys.exit(main())
