"""Where does the page “Tonight” take from what it shows? Computed at once for few, else what was computed before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from loyalty_site.lib.admin import Button
from programs.models import Program
from transactions.admin.job_pages import GO_ON, reached
from transactions.models import StoredOutlook
from transactions.outlook import stored, storing, tonight
from transactions.outlook.coming import Coming
from transactions.outlook.tonight import Listed, Outlook, Wanted

#: What falls due for so many members, at most, is computed while somebody waits: well below a second.
AT_ONCE = 2000

COMPUTE = Button("compute", "Compute it")
AGAIN = Button("again", "Compute again", variant="default")


@dataclass(frozen=True, slots=True)
class Source:
    """An outlook that `is_live`, or what there is of it in rows: the last whole one, and the one `under_way`."""

    outlook: Outlook
    is_live: bool
    known: StoredOutlook | None = None
    under_way: StoredOutlook | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is anything to show."""
        return self.is_live or self.known is not None

    @property
    def buttons(self) -> Sequence[Button]:
        """What can be done about it."""
        if self.is_live:
            return ()
        return [GO_ON if self.under_way else AGAIN if self.known else COMPUTE]

    def said(self, zone: tzinfo) -> Iterator[str]:
        """Sentences about how old it is, and about what is under way."""
        if self.known:
            yield f"This is as of {self.known.begun_at.astimezone(zone):%Y-%m-%d, %H:%M}."
            yield from stored.stale_because(self.known, self.outlook)
        elif not self.is_live and not self.under_way:
            yield "So much falls due that it takes a while to compute: it is done beside this page, when you ask."
        if self.under_way:
            job = self.under_way.job
            yield f"It is being computed: {reached(job) if job.batches else 'looking up who is due'}."

    def listed(self, wanted: Wanted, *, first: int, size: int) -> Listed:
        """One page, and the counts of all."""
        if self.known:
            return stored.listed(self.known, wanted, first=first, size=size)
        return tonight.listed(self.outlook.coming(), wanted, first=first, size=size)

    def comings(self, wanted: Wanted) -> Iterator[Coming]:
        """All that is wanted."""
        if self.known:
            return stored.comings(self.known, wanted)
        return (one for one in self.outlook.coming() if wanted.takes(one))


def of(program: Program, outlook: Outlook) -> Source:
    """Where the outlook of a program comes from."""
    if outlook.is_due_for_few(AT_ONCE):
        return Source(outlook, is_live=True)
    known, under_way = storing.latest(program, outlook.day), storing.under_way(program, outlook.day)
    return Source(outlook, is_live=False, known=known, under_way=under_way)
