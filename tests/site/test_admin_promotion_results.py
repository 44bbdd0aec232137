"""Staff see on the page of a promotion what it brings, and have it measured when they want to know."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.support.admin_forms import page
from tests.support.promoting import buy, promotion
from transactions.models import PromotionResult

# The page itself belongs to an app below.
pytest.importorskip("programs.admin.promotions")

START = timezone.localdate() - timedelta(days=10)


@pytest.fixture
def desk(client, marketing):
    client.force_login(marketing)
    return client


def measure(client, offer):
    return client.post(reverse("admin:programs_promotion_measure_now", args=[offer.pk]), {"_form_submitted": "on"})


def shown(client, offer):
    return "\n".join(str(panel) for panel in client.get(page(offer)).context["panels"])


def test_it_is_measured_by_a_button_and_shown(desk, club, ada):
    offer = promotion(club, holdout_percent=20, starts_on=START)
    buy(club, ada)
    assert "not measured yet" in shown(desk, offer)
    assert "Only for who is not left out to compare." in shown(desk, offer)
    assert measure(desk, offer).status_code in (200, 302)
    result = PromotionResult.objects.get()
    assert result.had_buyers + result.out_buyers == 1
    assert "Too few to tell" in shown(desk, offer)


def test_what_cannot_be_measured_yet_is_said_in_the_dialog(desk, club):
    offer = promotion(club, holdout_percent=20)
    assert "no first day" in measure(desk, offer).content.decode()
    assert not PromotionResult.objects.exists()


def test_nothing_is_offered_where_nobody_is_left_out(desk, club):
    offer = promotion(club, starts_on=START)
    assert "Measure now" not in desk.get(page(offer)).content.decode()
    assert "Measure now" in desk.get(page(promotion(club, code="b", holdout_percent=5))).content.decode()


def test_who_may_not_change_promotions_measures_nothing(client, club, store_staff):
    client.force_login(store_staff)
    offer = promotion(club, holdout_percent=20, starts_on=START)
    assert measure(client, offer).status_code == 403
    assert not PromotionResult.objects.exists()
