"""How is a long job stopped behind its first batch, as if its time were over?"""

from itertools import count

import pytest

from transactions import jobs


def one_batch(kind, job, now):
    """The job when one more of its batches is done."""
    with pytest.MonkeyPatch.context() as patch:
        # A second passes with every look at the clock.
        seconds = count()
        patch.setattr(jobs.time, "monotonic", lambda: next(seconds))
        return kind.advance(job, now=now, for_s=1.5)
