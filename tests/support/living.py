"""Members with lots of every kind of end, for tests of what time does."""

from datetime import timedelta
from random import Random

import pytest

from partners.activity import Decision
from programs.expiry import End
from tests.support import factories
from tests.support.factories import post, purchase, redemption
from transactions.books import escrows
from transactions.books.balances import BalanceInHand
from transactions.books.escrows import Escrow
from transactions.models import Entry, Journal, Lot, Trace

START = factories.at(2026, 3, 1)
#: What may be planned for points that are earned, in hours from `START`; a few, so that they coincide.
HOURS = [2, 5, 5, 9, 14, 14, 20, 30, 47]


def live(made, members, seed, *, steps=40, now=START, with_pending=True, with_reservations=True):
    """Let `members` earn, spend and reserve at random at `now`; all of it ends, or is released, within two days."""
    random = Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BalanceInHand, "end_of", lambda *a, **k: End(_some(random, now, [*HOURS, 400, None])))
        if with_pending:
            patch.setattr(escrows, "escrow_of", lambda *a, **k: _escrow(random, now))
        for _ in range(steps):
            who = random.choice(members)
            if random.random() < 0.7:
                item = purchase(who, 100 * random.randint(1, 400), activity_at=now)
            else:
                reserve = random.choice([0, 3600, 6 * 3600, 36 * 3600]) if with_reservations else 0
                item = redemption(who, random.randint(1, 60), reserve_s=reserve)
            result = post(made, item, now=now)[0]
            if result.status == "kept" and random.random() < 0.2:
                post(made, Decision(result.journal_id, random.choice(["confirm", "release"])), now=now)


def _some(random, now, hours):
    chosen = random.choice(hours)
    return now + timedelta(hours=chosen) if chosen else None


def _escrow(random, now):
    if random.random() < 0.6:
        return None
    if random.random() < 0.7:
        return Escrow(available_at=_some(random, now, HOURS))
    return Escrow(waits_for="shipped", deadline_at=_some(random, now, HOURS))


ENTRY = (
    "sequence currency__code kind points available pending reserved arrears balance_after activity_at posted_at chain"
).split()
BALANCE = (
    "currency__code available pending reserved arrears lifetime_earned lifetime_redeemed lifetime_expired "
    "lifetime_reversed next_change_at expires_at"
).split()


def everything(members, *, but=()):
    """All that is stored of what `members` hold and did, comparable between two ways of the same history."""
    found = {}
    for who in members:
        who.refresh_from_db()
        lots = Lot.objects.filter(member=who).order_by("pk")
        traces = Trace.objects.filter(entry__member=who).order_by("entry__sequence", "lot", "points")
        reservations = Journal.objects.filter(member=who, kind="redemption").order_by("pk")
        parts = {
            "entries": Entry.objects.filter(member=who).order_by("sequence").values_list(*_without(ENTRY, but)),
            "balances": who.balances.order_by("currency").values_list(*_without([*BALANCE, "version"], but)),
            "lots": lots.values_list("remaining", "is_pending", "available_at", "is_extended", "expires_at"),
            "traces": traces.values_list("entry__sequence", "entry__kind", "lot_id", "points"),
            "reservations": reservations.values_list("pk", "status"),
            "tallies": who.tallies.order_by("currency", "period").values_list("period", "points"),
        }
        found[who.pk] = {name: list(rows) for name, rows in parts.items()}
        found[who.pk]["end"] = None if "chain" in but else (who.sequence, who.chain)
    return found


def _without(names, but):
    return [name for name in names if name not in but]
