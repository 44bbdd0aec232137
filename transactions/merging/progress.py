"""What becomes of progress with rules that count, when two memberships become one, and two again? (semantics C21)"""

from members.models import Member, Merge, Progress
from programs import progress
from programs.progress import Advance, Reached
from transactions.merging.records import MovedProgress, StoredRecord
from transactions.models import Journal


def join(source: Member, target: Member) -> list[MovedProgress]:
    """Add the progress of the source to that of the target, both locked; returns what undoing it needs."""
    found: list[MovedProgress] = []
    for row in Progress.objects.filter(member=source).order_by("pk"):
        theirs, _ = Progress.objects.get_or_create(member=target, rule=row.rule, counts=row.counts)
        brought, before = row.reached, theirs.reached
        after = progress.joined(before, brought)
        _write(theirs, after)
        _write(row, progress.NOTHING)
        found.append((row.rule, row.counts, brought.trace(), before.trace(), after.trace()))
    return found


def part(merge: Merge) -> None:
    """Give the source its progress back, without what refunds of what it had bought have taken since."""
    record: StoredRecord = merge.record
    taken = _taken_since(merge)
    for rule, counts, *traces in record.get("progress", ()):
        brought, before, after = map(Reached.read, traces)
        for advance in taken.get((rule, counts), ()):
            brought = progress.lost(brought, advance)
        ours, _ = Progress.objects.get_or_create(member=merge.source, rule=rule, counts=counts)
        theirs, _ = Progress.objects.get_or_create(member=merge.target, rule=rule, counts=counts)
        _write(theirs, progress.parted(theirs.reached, before, after, brought))
        _write(ours, brought)


def _taken_since(merge: Merge) -> dict[tuple[str, str], list[Advance]]:
    """{(code of a rule, what it counts by): what each refund of what the source had bought took since}."""
    record: StoredRecord = merge.record
    people = [merge.source_id, *record["aliases"]]
    refunds = Journal.objects.filter(
        member=merge.target_id, pk__gt=record["journal"], reverses__member__in=people
    ).order_by("pk")
    found: dict[tuple[str, str], list[Advance]] = {}
    for trace in refunds.values_list("trace", flat=True):
        for code, advance in progress.stood(trace.get("progress", {})).items():
            found.setdefault((code, advance.measure), []).append(advance)
    return found


def _write(row: Progress, reached: Reached) -> None:
    for name, value in reached._asdict().items():
        setattr(row, name, value)
    row.save(update_fields=list(reached._fields))
