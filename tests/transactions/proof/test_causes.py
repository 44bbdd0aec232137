"""Every entry, balance and tier opens to what caused it, as data that JSON can hold."""

import json

from tests.support.factories import at, post_one, purchase, redemption
from transactions import ledger
from transactions.models import Entry, Lot
from transactions.proof import causes


def test_a_debit_leads_to_its_lots_and_to_what_earned_them(made, who):
    earned = post_one(made, purchase(who, 1000, "order-a", activity_at=at(2026, 3, 1)), now=at(2026, 3, 1))
    spent = post_one(made, redemption(who, 4), now=at(2026, 3, 2))
    told = json.loads(json.dumps(causes.of_entry(Entry.objects.get(journal=spent.journal_id))))
    assert told["entry"]["points"] == -4
    assert told["took_from"][0]["points"] == 4
    assert told["took_from"][0]["earned_by"]["external_id"] == "order-a"
    assert told["took_from"][0]["earned_by"]["id"] == earned.journal_id
    assert told["gave"] is None


def test_a_credit_leads_to_its_rules_and_to_what_became_of_it(made, who):
    post_one(made, purchase(who, 1000, activity_at=at(2025, 1, 15)), now=at(2025, 1, 15))
    lot = Lot.objects.get()
    post_one(made, redemption(who, 4), now=at(2025, 1, 16))
    ledger.refresh(made.pk, [who.pk], now=lot.expires_at)
    told = json.loads(json.dumps(causes.of_entry(lot.entry)))
    assert told["journal"]["program_version"]
    assert told["journal"]["rules"][0]["rule"] == "spend"
    assert any("gave" in sentence for sentence in told["journal"]["sentences"])
    assert [(use["entry"]["kind"], use["points"]) for use in told["gave"]["used_by"]] == [("debit", 4), ("expiry", 6)]
    assert told["gave"]["remaining"] == 0


def test_a_balance_is_the_sum_of_its_lots(made, who):
    for day in (1, 2):
        post_one(made, purchase(who, 1000, activity_at=at(2026, 3, day)), now=at(2026, 3, day))
    told = json.loads(json.dumps(causes.of_balance(who.balances.get(currency__code="points"))))
    assert sum(lot["remaining"] for lot in told["lots"]) == told["available"] == 20
    assert told["more"] is False
    assert [entry["points"] for entry in told["latest"]] == [10, 10]


def test_a_tier_leads_to_the_purchase_that_reached_it(made, who):
    post_one(made, purchase(who, 40_000, "first"), now=at(2026, 3, 1))
    post_one(made, purchase(who, 20_000, "second"), now=at(2026, 3, 2))
    post_one(made, purchase(who, 1_000, "third"), now=at(2026, 3, 3))
    told = json.loads(json.dumps(causes.of_tier(who.standings.current().get())))
    assert (told["tier"], told["before"], told["threshold"]) == ("silver", "base", 500)
    assert told["reached_by"]["journal"]["external_id"] == "second"
    assert [entry["journal"]["external_id"] for entry in told["counted"]] == ["second", "first"]
