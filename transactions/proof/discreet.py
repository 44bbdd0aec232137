"""What of the trace of a journal is no business of other systems?

A till would tell the member, who then buys otherwise and spoils what is measured; keys of our rows mean nothing
outside. The admin tells all of it.
"""

from typing import Any, cast

from programs.promotions import LEFT_OUT
from transactions.models.journal_traces import AnyTrace


def discreet(trace: AnyTrace) -> AnyTrace:
    """The same without of which promotions the member is left out, and which codes' rows were used.

    Where such a promotion came nearest, `nearest` is None: something came near, but it is not said what.
    """
    told: dict[str, Any] = {name: value for name, value in trace.items() if name != "codes"}
    seen = told.get("seen", {})
    if LEFT_OUT in seen:
        told["seen"] = {name: value for name, value in seen.items() if name != LEFT_OUT}
        nearest = told.get("nearest")
        if nearest and nearest.get("promotion") in seen[LEFT_OUT]:
            told["nearest"] = None
    return cast(AnyTrace, told)
