"""Why did a promotion give something, and why did it not? Said of each transaction by name (semantics C7, C14)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members import promotions as enrolling
from programs import promotion_changes, promotion_codes
from programs.models import Currency
from tests.support.promoting import buy, promotion
from transactions.models import Journal
from transactions.proof import sentences


def why(result):
    journal = Journal.objects.get(pk=result.journal_id)
    currencies = {one.code: one for one in Currency.objects.filter(program=journal.program_id)}
    return " ".join(sentences.explain(journal.trace, currencies))


def test_the_promotion_of_a_rule_is_named_and_what_it_gave(plain, ada):
    promotion(plain)
    said = why(buy(plain, ada))
    assert "“Spring” (rule spring, version 1, promotion spring) gave 50 Points" in said
    assert "Of this the promotion spring gave 50 Points." in said
    assert "promo, version 1)" in said


def test_the_promotion_of_a_multiplier_is_named_with_its_surplus(plain, ada):
    promotion(plain, "double", "2", "multiplier")
    said = why(buy(plain, ada))
    assert "times 2 by “Double” (rule double, version 1, promotion double)" in said
    assert "Of this the promotion double gave 100 Points." in said


def test_a_code_that_was_used_up_is_told(plain, ada):
    offer = promotion(plain, uses_per_code=1)
    promotion_codes.take(offer, ["MAY"])
    said = why(buy(plain, ada, code="may"))
    assert "A code that could be used was given of the promotion spring." in said
    assert "gave 50 Points, for which a code of its list was used up." in said
    again = why(buy(plain, ada, code="MAY"))
    assert "promotion spring), because no code of the promotion's list was given that can still be used." in again


def test_who_had_not_enrolled_is_told_so(plain, ada):
    offer = promotion(plain, opt_in=True)
    said = why(buy(plain, ada))
    assert "(rule spring, version 1, promotion spring), because the member had not enrolled in the promotion." in said
    enrolling.enrol(ada, offer, now=timezone.now() - timedelta(minutes=30))
    enrolled = why(buy(plain, ada, activity_at=timezone.now()))
    assert "The member had enrolled in the promotion spring." in enrolled


def test_who_is_left_out_is_told_so(plain, ada, monkeypatch):
    monkeypatch.setattr("programs.promotions.place", lambda numbers, member_id: 0)
    promotion(plain, holdout_percent=10)
    said = why(buy(plain, ada))
    assert "The member is left out, to measure what it brings, of the promotion spring." in said
    assert "because the member is left out of the promotion, to measure what it brings." in said


def test_a_stop_is_told(plain, ada):
    promotion_changes.stop(promotion(plain), now=timezone.now() - timedelta(hours=2), reason="Wrong price")
    plain.refresh_from_db()
    assert "It had been stopped by then, and gave nothing: promotion spring." in why(buy(plain, ada))


@pytest.mark.parametrize(("points", "better"), [("70", "70"), ("30", "50")])
def test_a_rule_of_a_promotion_that_was_beaten_names_it(plain, ada, points, better):
    promotion(plain)
    promotion(plain, "summer", points, rule={"group": "spring"})
    loser = "spring" if better == "70" else "summer"
    assert f"(rule {loser}, version 1, promotion {loser}) would have given" in why(buy(plain, ada))
