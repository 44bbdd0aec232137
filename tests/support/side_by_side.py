"""How do tests see which thread posts what in an import, and come between?"""

import threading
import time
from dataclasses import dataclass, field

from members.models import Balance, Standing
from transactions import ledger
from transactions.models import Entry

_record = ledger.record


@dataclass
class Watched:
    """Stands in for `ledger.record`. The thread that began `slow`th is slower than the other; `before` is called with
    the items of each batch, in the thread that is about to post them."""

    slow: int = 0
    before: object = lambda items: None
    threads: list = field(default_factory=list)
    posted: list = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, items, **options):
        items, own = list(items), threading.current_thread()
        if not items:
            return _record(items, **options)
        with self.lock:
            if own not in self.threads:
                self.threads.append(own)
        if self.threads.index(own) == self.slow:
            time.sleep(0.02)
        self.before(items)
        results = _record(items, **options)
        with self.lock:
            self.posted.append((own, [item.external_id for item in items]))
        return results

    @property
    def are_gone(self):
        """Whether none of them but the main thread is there any more."""
        return not any(one.is_alive() for one in self.threads if one is not threading.main_thread())


def story(made):
    """{what the file calls a member: all that is written about it, in its order}."""
    who = "member__customer__external_ids__value"
    told = {}
    entries = Entry.objects.filter(member__program=made).order_by("sequence")
    columns = "sequence", "journal__external_id", "currency__code", "points", "balance_after", "activity_at"
    for name, *row in entries.values_list(who, *columns):
        told.setdefault(name, []).append(row)
    balances = Balance.objects.filter(member__program=made).order_by("currency__code")
    for name, *row in balances.values_list(who, "currency__code", "available", "lifetime_earned"):
        told.setdefault(name, []).append(row)
    standings = Standing.objects.filter(member__program=made).order_by("from_at", "pk")
    for name, *row in standings.values_list(who, "tier__code", "from_at"):
        told.setdefault(name, []).append(row)
    return told
