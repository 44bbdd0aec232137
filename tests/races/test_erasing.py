"""Whoever is erased while tills post for them is erased all the same: what comes later is refused."""

import pytest

from members.models import Card
from partners.activity import Activity
from tests.support import factories
from tests.support.crowd import at_once
from tests.support.everything_stored import tables_with
from tests.support.factories import held, post, post_one, purchase
from transactions.erasing.erasures import NotErasable, erase
from transactions.models import Journal
from transactions.proof.audit import audit

pytestmark = [pytest.mark.slow, pytest.mark.races, pytest.mark.django_db(transaction=True)]
CARD = "C-18151210"


def test_a_person_is_erased_once_and_no_till_that_posts_meanwhile_writes_who_it_was(transactional_db):
    made = factories.program()
    ada = factories.member(made, last_name="Kingwood")
    Card.objects.create(member=ada, number=CARD)
    post_one(made, purchase(ada, 10_000))

    def buy(name):
        item = Activity("purchase", external_id=name, member={"card": CARD}, amount=1_000)
        return post(made, item)[0].status

    def forget():
        try:
            erase(ada.customer, reason="Request 17")
        except NotErasable:
            return "not erased"
        return "erased"

    done = at_once(forget, *[lambda n=n: buy(f"o-{n}") for n in range(5)], forget)
    assert sorted(one for one in done if "erased" in one) == ["erased", "not erased"]
    assert {one for one in done if "erased" not in one} <= {"posted", "refused"}
    assert buy("later") == "refused"
    assert held(ada) == 0
    for text in (CARD, "kingwood"):
        assert not tables_with(text), text
    assert Journal.objects.filter(activity="purchase").count() == 1 + done.count("posted")
    assert not list(audit(made))
