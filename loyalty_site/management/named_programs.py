"""Which program does an operator mean?"""

from django.core.management.base import CommandError

from programs.models import Program

_MOST_SHOWN = 20


def program_of(code: str, *, returncode: int) -> Program:
    """The program of this code, with its owner. Raises CommandError with those that there are."""
    found = Program.objects.select_related("owner").filter(code=code).first()
    if found is None:
        known = ", ".join(Program.objects.order_by("code").values_list("code", flat=True)[:_MOST_SHOWN]) or "none yet"
        raise CommandError(f"There is no program “{code}”; known are: {known}.", returncode=returncode)
    return found
