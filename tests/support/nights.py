"""How do tests run a night?"""

from loyalty_site import nightly
from tests.support.factories import at

STEPS = [step.name for step in nightly.STEPS]
NIGHT = at(2026, 3, 4, 2)


def run(program, now=NIGHT, **options):
    """The nights that were run, as (day, step)."""
    return [(one.day.isoformat(), one.step) for one in nightly.night(program, now=now, **options)]
