"""The page of a promotion says in words what it brings, and how sure that is."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from programs.models import Currency
from tests.support.promoting import arm, buy, promotion
from transactions.models import PromotionResult
from transactions.promoting import panels
from transactions.promoting.comparing import Comparison

NOW = timezone.now()


HAVE = arm([0] * 20 + [1000] * 15 + [2500] * 15)
OUT = arm([0] * 20 + [800] * 12 + [1500] * 8)


@pytest.mark.parametrize(
    ("have", "out", "words"),
    [
        (
            HAVE,
            OUT,
            "Members who could have it spent 5.10 EUR more (95 %: 1.60 EUR to 8.60 EUR), 94.4 % more "
            "(95 %: 24.7 % to 218.3 %) than those who were left out.",
        ),
        (
            OUT,
            HAVE,
            "Members who could have it spent 5.10 EUR less (95 %: -8.60 EUR to -1.60 EUR), 48.6 % less "
            "(95 %: -68.6 % to -19.8 %) than those who were left out.",
        ),
        (
            HAVE,
            arm([0] * 40),
            "Members who could have it spent 10.50 EUR more (95 %: 7.53 EUR to 13.47 EUR) "
            "than those who were left out.",
        ),
        (
            HAVE,
            HAVE,
            "Too little to tell from chance: members who could have it spent 0.00 EUR more "
            "(95 %: -4.15 EUR to 4.15 EUR) than those who were left out.",
        ),
        (
            HAVE,
            arm([500] * 29),
            "Too few to tell: it takes 30 members in each group, and 20 who bought in both together.",
        ),
    ],
)
def test_the_difference_is_one_sentence(have, out, words):
    assert panels.sentence(Comparison(have, out), "EUR") == words


def stored(offer, **fields):
    columns = {}
    for name, own in (("had", HAVE), ("out", OUT)):
        columns |= {f"{name}_{what}": getattr(own, what) for what in ("members", "buyers", "spend", "squares")}
    since = NOW - timedelta(days=9)
    own = {"as_of": NOW, "since": since, "until": NOW, "holdout_percent": 40} | columns | fields
    return PromotionResult.objects.create(promotion=offer, **own)


def test_both_groups_stand_beside_each_other(plain):
    offer = promotion(plain, holdout_percent=40, starts_on=timezone.localdate())
    stored(offer)
    table, said = panels.holdout(offer)
    assert table.rows == [
        ["Could have it", "50", "30", "60.0 %", "10.50 EUR", "525.00 EUR"],
        ["Left out", "40", "20", "50.0 %", "5.40 EUR", "216.00 EUR"],
    ]
    assert said.sentences[1] == "All who could have it spent 255.00 EUR more by it together."
    assert len(said.sentences) == 3


def test_a_result_of_another_share_says_so(plain):
    offer = promotion(plain, holdout_percent=20, starts_on=timezone.localdate())
    stored(offer)
    _, said = panels.holdout(offer)
    assert said.sentences[-1] == "40 % were left out when it was measured; now it is 20 %: measure it anew."


def test_what_was_not_measured_yet_says_how(plain):
    (said,) = panels.holdout(promotion(plain, holdout_percent=10))
    assert "not measured yet" in said.sentences[0]
    assert panels.holdout(promotion(plain, code="for-all")) == []


def test_what_it_costs_is_said_in_money(plain, ada):
    Currency.objects.update(cost_per_point=Decimal("0.01"))
    offer = promotion(plain, points="50")
    buy(plain, ada)
    (tiles,) = panels.cost(offer)
    assert {tile.label: tile.value for tile in tiles.tiles} == {
        "Uses": "1",
        "Members": "1",
        "Points given": "50",
        "Cost": "0.50 EUR",
    }
