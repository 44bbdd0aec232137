"""What promotions gave, and how often their codes were used, follows from transactions, or the audit says so."""

import pytest
from django.db import connection

from programs.models import Promotion, PromotionCode
from tests.support.auditing import sql, tell
from tests.support.capped import cap
from tests.support.discounted import off
from tests.support.factories import post_one, reversal
from tests.support.promoting import buy, given, promotion, uses
from transactions.models import CapCounter, PromotionUse
from transactions.models.immutability import drop_triggers


@pytest.fixture
def busy(plain, ada):
    """A promotion in points and in money off, with codes and a budget; one purchase is refunded, one in part."""
    offer = promotion(plain, "double", "2", "multiplier", uses_per_code=2)
    off(plain, promotion=offer)
    cap(plain, "budget", 250, scope="program", promotion=offer)
    PromotionCode.objects.bulk_create(PromotionCode(promotion=offer, code=code) for code in ("ONE", "TWO", "SPARE"))
    plain.refresh_from_db()
    kept = buy(plain, ada, code="one")
    back, part = buy(plain, ada, code="ONE"), buy(plain, ada, code="TWO")
    post_one(plain, reversal(back.journal_id))
    post_one(plain, reversal(part.journal_id, amount=4000))
    drop_triggers(connection)
    return kept


def forge(text):
    sql(f"UPDATE transactions_promotionuse SET {text}")


def test_what_the_ledger_wrote_of_promotions_is_right(plain, busy):
    assert uses("double") == {"ONE": 1, "TWO": 1, "SPARE": 0}
    assert given("double") > 100
    assert PromotionUse.objects.filter(points__lt=0).exists()
    assert PromotionUse.objects.filter(discount__lt=0).exists()
    assert tell(plain) == {}


@pytest.mark.parametrize(
    ("change", "currency", "by"),
    [
        ("points = points + 7 WHERE points > 0", "points", 7),
        ("points = points - 7 WHERE points < 0", "points", -7),
        ("discount = discount + 7 WHERE discount > 0", "", 7),
        ("discount = discount - 7 WHERE discount < 0", "", -7),
    ],
)
def test_a_forged_use_is_named_with_its_promotion_and_its_transaction(plain, ada, busy, change, currency, by):
    forge(change)
    drifts = tell(plain)
    assert drifts
    assert all(what.startswith("what promotion double gave by transaction ") for what in drifts)
    told = {(drift.member, drift.currency, drift.stored - drift.computed) for drift in drifts.values()}
    assert told == {(ada.number, currency, by)}


def test_a_lost_use_and_one_of_nothing_are_found(plain, ada, busy):
    sql("DELETE FROM transactions_promotionuse WHERE points > 0 AND journal_id = %s", busy.journal_id)
    drift = tell(plain)[f"what promotion double gave by transaction {busy.journal_id}"]
    assert (drift.currency, drift.stored) == ("points", 0)
    assert drift.computed > 0
    other = promotion(plain, "other")
    forge(f"promotion_id = {other.pk} WHERE discount > 0 AND journal_id = {busy.journal_id}")
    assert f"what promotion other gave by transaction {busy.journal_id}" in tell(plain)


@pytest.mark.parametrize(("code", "used"), [("ONE", 2), ("TWO", 0), ("SPARE", 1)])
def test_a_code_that_was_used_more_or_less_often_is_found(plain, busy, code, used):
    before = uses("double")[code]
    sql("UPDATE programs_promotioncode SET used = %s WHERE code = %s", used, code)
    drift = tell(plain)[f"how often code {code} of promotion double was used"]
    assert (drift.member, drift.stored, drift.computed) == ("", used, before)


def test_codes_that_were_taken_off_the_list_and_promotions_of_the_same_code_are_no_defect(plain, ada, busy):
    PromotionCode.objects.filter(code="ONE").delete()
    assert tell(plain) == {}
    # What happened under a promotion that was removed is remembered, and has no rows.
    sql("DELETE FROM transactions_promotionuse")
    CapCounter.objects.all().delete()
    plain.rules.exclude(promotion=None).delete()
    plain.caps.all().delete()
    Promotion.objects.all().delete()
    assert tell(plain) == {}
    promotion(plain, "double")
    assert tell(plain) == {}
