"""Does the description of a program tell partners how its ladders count, hold and end, and what they give?"""

import pytest

from programs import document
from programs.api.schemas import described
from programs.models import Program
from tests.support.sold_ladders import airline, membership

pytestmark = pytest.mark.django_db


def told(made):
    document.apply(made, create_partners=True)
    [group] = described(Program.objects.get(code="club"))["tier_groups"]
    return group


def test_a_ladder_is_described_with_its_model_validity_further_thresholds_and_benefits():
    group = told(airline())
    assert {
        name: group[name] for name in ("model", "currency", "further_currencies", "validity", "on_end", "grace")
    } == {
        "model": "calendar",
        "currency": "miles",
        "further_currencies": ["segments"],
        "validity": "rest_of_cycle_plus_next",
        "on_end": "one_level",
        "grace": 0,
    }
    gold = group["tiers"][2]
    assert (gold["threshold"], gold["retention"]) == (50_000, 40_000)
    assert gold["further"] == {"segments": {"threshold": 60, "retention": 50}}
    assert [(one["code"], one["kind"], one["text"]) for one in gold["benefits"]] == [
        ("lounge", "access", "The lounge, with a guest."),
        ("upgrade", "voucher", ""),
    ]
    assert not {"holds_downgrades", "late_window", "on_reversal"} & group.keys()


def test_a_manual_ladder_is_described_without_a_currency_and_with_thresholds_of_null():
    group = told(membership())
    assert (group["model"], group["currency"]) == ("manual", "")
    assert [(one["code"], one["threshold"]) for one in group["tiers"]] == [("free", 0), ("plus", None)]
