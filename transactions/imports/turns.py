"""Which rows have to wait, because whom they enrol would take the points of an earlier row that is not posted yet?

A row names its member by several names, of which the surest that somebody has decides when it is posted. If a later
row introduced somebody under a surer one before, the points would go to them. So that row waits until the earlier one
is posted, and so does whatever comes behind it under a name of its own.
"""

from collections.abc import Collection, Iterable, Sequence


class Turns:
    """What the rows so far have said. `said` are names by which others than the rows' members could be found, `late`
    the names of rows that wait."""

    __slots__ = ("late", "said")

    def __init__(self, said: Iterable[str] = (), late: Iterable[str] = ()) -> None:
        self.said, self.late = set(said), set(late)

    def copy(self) -> "Turns":
        return Turns(self.said, self.late)

    def waits(self, names: Collection[str], introduced: Collection[str]) -> bool:
        """Whether a row of these `names` has to wait, and behind it all that share one of them.

        `introduced` are those under which it would make somebody new known.
        """
        if self.late.isdisjoint(names) and self.said.isdisjoint(introduced):
            return False
        self.late.update(names, introduced)
        return True

    def say(self, names: Sequence[str]) -> None:
        """A row of these `names`, the surest first, will be posted: the last one decides only where nobody has the
        others, so nobody may get these meanwhile."""
        self.said.update(names[:-1])
