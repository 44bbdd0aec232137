"""A balance falls below zero where somebody says so and the currency allows it, and the guides say just that."""

from pathlib import Path

import pytest
from django.conf import settings

from tests.support import factories
from tests.support.api_life import bought, put

pytestmark = pytest.mark.django_db
TOO_MUCH = {"external_id": "a-1", "member": {"card": "C-1815"}, "points": -30, "reason": "Mistake"}


def guide(name):
    return " ".join((Path(settings.BASE_DIR) / "docs" / name).read_text().split())


@pytest.mark.parametrize(
    ("policy", "said", "status"),
    [
        ("within_balance", {}, 409),
        ("within_balance", {"overdraw": True}, 409),
        ("arrears", {}, 409),
        ("arrears", {"overdraw": True}, 201),
    ],
)
def test_a_debit_of_more_than_there_is_needs_both_the_word_and_the_currency(shop, club, ada, policy, said, status):
    put(club, refund_policy=policy)
    club.touch(club.pk)
    answer = shop.post("adjustments/", TOO_MUCH | said)
    assert answer.status_code == status
    assert answer.said.get("code") == (None if status == 201 else "insufficient_points")
    assert factories.held(ada) == (-30 if status == 201 else 0)


def test_the_next_credit_pays_it_first(shop, club, ada):
    put(club, refund_policy="arrears")
    club.touch(club.pk)
    shop.post("adjustments/", TOO_MUCH | {"overdraw": True})
    bought(shop, amount="50.00")
    assert factories.held(ada) == 20


@pytest.mark.parametrize("body", [{"points": 5}, {"points": 5, "to": {"card": "C-1791"}}], ids=["spent", "given"])
def test_nobody_spends_or_gives_away_what_is_not_there(shop, club, ada, body):
    put(club, refund_policy="arrears")
    club.touch(club.pk)
    shop.post("members/", {"first_name": "Charles", "cards": ["C-1791"]})
    address = "transfers/" if "to" in body else "redemptions/"
    answer = shop.post(address, {"external_id": "s-1", "member": {"card": "C-1815"}} | body)
    assert answer.said["code"] == ("not_transferable" if "to" in body else "insufficient_points")


@pytest.mark.parametrize("name", ["api.md", "admin.md", "programs.md"])
def test_the_guides_say_what_may_fall_below_zero(name):
    text = guide(name)
    assert "nobody makes a debt by hand" not in text
    assert "A debit by hand never takes more" not in text
    assert "May fall below zero" in text
