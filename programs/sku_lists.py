"""In which lists do SKUs stand, and how do many get into one? A list may have a hundred thousand."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from django.db import transaction

from loyalty_site.lib.sql import Session
from loyalty_site.lib.texts import wrong_text
from programs.models import SkuList, SkuListEntry

#: The name under which rules ask for them, see `Condition.needs`.
ASKED_AS = "sku_list"
#: How many SKUs a list may have, and how many are written by one statement.
MOST, _AT_ONCE = 500_000, 5_000
#: How many wrong lines are named before the others are only counted.
_NAMED = 20


class Read(NamedTuple):
    """What a text says: the SKUs, each once and in its order, and what is wrong with it, by lines."""

    skus: list[str]
    wrong: list[str]


def read(text: str) -> Read:
    """One SKU in each line; blanks around it and empty lines say nothing."""
    longest = SkuListEntry._meta.get_field("sku").max_length or 0
    found: dict[str, None] = {}
    wrong: list[str] = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        sku = line.strip()
        if not sku:
            continue
        if len(sku) > longest:
            wrong.append(f"Line {number}: “{sku[:20]}…” is longer than the {longest} characters of a SKU.")
        elif why := wrong_text(sku):
            wrong.append(f"Line {number}: {why}")
        else:
            found[sku] = None
    if len(found) > MOST:
        wrong.append(f"A list has at most {MOST:,} SKUs; these are {len(found):,}.")
    if len(wrong) > _NAMED:
        wrong = [*wrong[:_NAMED], f"And {len(wrong) - _NAMED:,} lines more."]
    return Read(list(found), wrong)


@transaction.atomic
def put(to: SkuList, skus: Iterable[str], *, replaces: bool = False) -> int:
    """Add SKUs to a list, or make them all that it has; returns how many are in it then."""
    entries = SkuListEntry.objects.filter(list=to)
    if replaces:
        entries.delete()
    rows = [SkuListEntry(list=to, sku=sku) for sku in skus]
    SkuListEntry.objects.bulk_create(rows, batch_size=_AT_ONCE, ignore_conflicts=True)
    return entries.count()


class Reading:
    """One statement for all SKUs of a batch; sent inside a pipeline, taken when it has ended."""

    def __init__(self, session: Session, program_id: int, skus: Collection[str]) -> None:
        self._rows = session.run(
            "SELECT e.sku, l.code FROM programs_skulistentry e JOIN programs_skulist l ON l.id = e.list_id "
            "WHERE l.program_id = %s AND e.sku {ids}",
            [program_id, sorted(skus)],
        )

    def take(self) -> Mapping[str, list[str]]:
        """{SKU: codes of the lists in which it stands}, in one order."""
        found: dict[str, list[str]] = {}
        for sku, code in self._rows.fetchall():
            found.setdefault(sku, []).append(code)
        return {sku: sorted(codes) for sku, codes in found.items()}
