"""Which settings of a ladder change what is counted, or in which windows?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from programs.checks import Problem

if TYPE_CHECKING:
    from programs.models import TierGroup

#: Said of each of them while members have points counted on the ladder.
LIVE_LADDER = (
    "cannot change while members have points counted on the ladder; use “Change how it counts” on its page, or "
    "import with --recount"
)


def problems(stored: TierGroup, wanted: TierGroup) -> Iterator[Problem]:
    """A Problem for each setting by which `wanted` would count otherwise than it does as it is stored."""
    names = ["model", "currency_id"]
    if stored.model == wanted.model == "calendar":
        names.append("cycle_start")
    if stored.model == wanted.model == "rolling":
        names += ["window", "window_unit"]
    for name in names:
        if getattr(stored, name) != getattr(wanted, name):
            yield Problem(name.removesuffix("_id"), LIVE_LADDER)
    if wanted.coming is not None and {*wanted.coming} != {*stored.further_currencies.all()}:
        yield Problem("further_currencies", LIVE_LADDER)
