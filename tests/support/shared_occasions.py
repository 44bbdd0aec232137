"""The steps of a night that is shared for its occasions alone, as they are shipped but for smaller batches."""

from dataclasses import replace

from loyalty_site.night import occasions
from loyalty_site.night.shared import cut

#: Few, so that a handful of members makes many batches.
SIZE = 4


def plan(night):
    return cut((key for keys in occasions.STEP.plan(night) for key in keys), SIZE)


STEPS = [replace(occasions.STEP, plan=plan)]
