"""Where do nights name a person, and how is that taken out? In the differences, and the failures, that they list."""

from members.erasing import Person
from members.words import Words
from transactions.models import NightRun


def rewrite(person: Person, words: Words) -> int:
    """Take the person out of what the nights of their programs wrote down; returns of how many steps."""
    changed = []
    runs = NightRun.objects.filter(program__in={member.program_id for member in person.members})
    for run in runs.filter(counts__has_key="listed").iterator(chunk_size=500):
        counts, error = words.out_of(run.counts), words.out_of_text(run.error)
        if (counts, error) != (run.counts, run.error):
            run.counts, run.error = counts, error
            changed.append(run)
    NightRun.objects.bulk_update(changed, ["counts", "error"], batch_size=500)
    return len(changed)
