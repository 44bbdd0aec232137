"""Each code of a promotion's own list gives as often as it may, and comes back with a refund (C7, C8-R5)."""

from django.utils import timezone

from programs.models import PromotionCode
from tests.support.capped import cap
from tests.support.factories import post_one, reversal
from tests.support.promoting import buy, earned, given, promotion, uses

NOW = timezone.now()


def test_each_code_of_its_list_gives_so_often(plain, ada):
    offer = promotion(plain, uses_per_code=2)
    PromotionCode.objects.create(promotion=offer, code="AB12")
    assert earned(buy(plain, ada)) == 100
    assert earned(buy(plain, ada, code="none")) == 100
    assert [earned(buy(plain, ada, code=text)) for text in (" ab12", "AB12", "AB12")] == [150, 150, 100]
    assert uses("spring") == {"AB12": 2}


def test_a_code_is_not_used_up_where_it_gave_nothing(plain, ada):
    offer = promotion(plain, uses_per_code=1)
    PromotionCode.objects.create(promotion=offer, code="AB12")
    cap(plain, "budget", 1, scope="program", period="ever", promotion=offer, is_active=True)
    buy(plain, ada, code="AB12")
    PromotionCode.objects.create(promotion=offer, code="CD34")
    assert earned(buy(plain, ada, code="CD34")) == 100
    assert uses("spring") == {"AB12": 1, "CD34": 0}


def test_a_refund_of_all_lets_the_code_be_used_again(plain, ada):
    offer = promotion(plain, uses_per_code=1)
    PromotionCode.objects.create(promotion=offer, code="AB12")
    first = buy(plain, ada, code="AB12")
    post_one(plain, reversal(first.journal_id, amount=4000))
    assert (uses("spring"), given()) == ({"AB12": 1}, 50)
    post_one(plain, reversal(first.journal_id))
    assert (uses("spring"), given()) == ({"AB12": 0}, 0)
    assert earned(buy(plain, ada, code="AB12")) == 150


def test_an_order_that_is_edited_keeps_its_code(plain, ada):
    offer = promotion(plain, uses_per_code=1)
    PromotionCode.objects.create(promotion=offer, code="AB12")
    buy(plain, ada, external_id="o-1", code="AB12")
    again = buy(plain, ada, 12000, external_id="o-2", replaces="o-1", code="AB12")
    assert (earned(again), uses("spring"), given()) == (170, {"AB12": 1}, 50)
    without = buy(plain, ada, 12000, external_id="o-3", replaces="o-2")
    assert (earned(without), uses("spring"), given()) == (120, {"AB12": 0}, 0)


def test_a_code_that_an_order_has_given_back_is_not_kept_for_its_revision(plain, ada):
    """A refund left the order without what the code gave, and somebody else has used the code since."""
    offer = promotion(plain, uses_per_code=1, rule={"conditions": {"amount": {"least": "50"}}})
    PromotionCode.objects.create(promotion=offer, code="AB12")
    first = buy(plain, ada, 8000, external_id="o-1", code="AB12")
    post_one(plain, reversal(first.journal_id, amount=5000))
    assert uses("spring") == {"AB12": 0}
    assert earned(buy(plain, ada, 8000, code="AB12")) == 130
    again = buy(plain, ada, 9000, external_id="o-2", replaces="o-1", code="AB12")
    assert (earned(again), uses("spring"), given()) == (90, {"AB12": 1}, 50)
