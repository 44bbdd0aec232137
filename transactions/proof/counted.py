"""What did a transaction count for rules that count, in sentences?"""

from collections.abc import Iterator

from loyalty_site.lib import quantities
from programs import progress
from programs.progress import MONEY, PERIODS, UNITS, Advance, Reached
from transactions.models.journal_traces import AnyTrace


def told(trace: AnyTrace) -> Iterator[str]:
    """How far each rule brought the member; of a refund what it counts less of the order."""
    for code, advance in progress.stood(trace.get("progress", {})).items():
        if advance.after != advance.before:
            yield _less(code, advance) if "share" in trace else _on(code, advance)


def _on(code: str, advance: Advance) -> str:
    before, after = (_number(advance.measure, reached) for reached in (advance.before, advance.after))
    given = advance.after.rewarded - advance.before.rewarded
    times = f" That is enough for its points{f' {given} times' if given > 1 else ''}." if given else ""
    return f"Rule {code} counts {_of(advance.measure)}: {before} before it, {after} with it.{times}"


def _less(code: str, advance: Advance) -> str:
    if advance.measure in PERIODS:
        return f"Rule {code} counts the order for no streak any more."
    lost = Reached(counted=advance.before.counted - advance.after.counted)
    return f"Rule {code} counts {_of(advance.measure)}: {_number(advance.measure, lost)} less for what came back."


def _of(measure: str) -> str:
    if measure in PERIODS:
        return f"{measure} in a row"
    return "money in its smallest units" if measure == MONEY else measure


def _number(measure: str, reached: Reached) -> str:
    if measure in PERIODS:
        return str(reached.run)
    return quantities.text(reached.counted) if measure == UNITS else f"{reached.counted:,}"
