"""Staff erase a person in two steps, if they have the permission; what is empty then stays empty."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from members.models import Customer, Erasure
from tests.support import factories
from tests.support.admin_dialogs import address, deed, errors
from tests.support.everything_stored import tables_with
from tests.support.factories import held, post_one, purchase, redemption
from tests.support.people import boss, marketing  # noqa: F401

DEED = "members_customer_erase"
ASKED = {"reason": "Request 17", "points": "forfeit"}


@pytest.fixture
def ada(db):
    ada = factories.member(factories.program("club"), first_name="Augusta", last_name="Kingwood")
    post_one(ada.program, purchase(ada, 10_000))
    return ada


def agree(client, first, **fields):
    return client.post(first.request["PATH_INFO"], {**first.context["form"].data.dict(), "agreed": "on"} | fields)


def test_it_is_shown_first_and_done_when_it_was_agreed_to(client, boss, ada):  # noqa: F811
    client.force_login(boss)
    first = deed(client, DEED, ada.customer, **ASKED)
    shown = " ".join(first.context["form"].preview)
    assert f"Membership {ada.number} of Club is closed" in shown
    assert "100 Points are forfeited" in shown
    assert not Erasure.objects.exists()
    response = agree(client, first)
    assert response.headers["HX-Redirect"] == reverse("admin:members_customer_change", args=[ada.customer_id])
    done = Erasure.objects.get()
    assert (done.user, done.reason, held(ada)) == (boss, "Request 17", 0)
    assert not tables_with("kingwood")


def test_who_changes_what_was_shown_is_asked_again(client, boss, ada):  # noqa: F811
    client.force_login(boss)
    first = deed(client, DEED, ada.customer, **ASKED)
    again = agree(client, first, points="keep")
    assert "100 Points are kept until they end" in " ".join(again.context["form"].preview)
    assert not Erasure.objects.exists()


def test_what_stands_against_it_is_said_in_the_dialog(client, boss, ada):  # noqa: F811
    post_one(ada.program, redemption(ada, 10, reserve_s=600))
    client.force_login(boss)
    told = errors(deed(client, DEED, ada.customer, **ASKED))
    assert "open reservation" in str(told)
    assert "required" in str(errors(deed(client, DEED, ada.customer, points="forfeit")))


def test_only_who_has_the_permission_may_do_it(client, marketing, ada):  # noqa: F811
    client.force_login(marketing)
    assert client.post(address(DEED, ada.customer), ASKED).status_code == 403
    page = reverse("admin:members_customer_change", args=[ada.customer_id])
    assert address(DEED, ada.customer) not in client.get(page).content.decode()
    marketing.user_permissions.add(Permission.objects.get(codename="erase_customer"))
    assert address(DEED, ada.customer) in client.get(page).content.decode()


def test_what_was_erased_is_read_and_never_filled_again(client, boss, ada):  # noqa: F811
    client.force_login(boss)
    agree(client, deed(client, DEED, ada.customer, **ASKED))
    for name, row in (("customer", ada.customer), ("member", ada)):
        page = reverse(f"admin:members_{name}_change", args=[row.pk])
        shown = client.get(page)
        assert shown.status_code == 200
        assert address(DEED, ada.customer) not in shown.content.decode()
        assert client.post(page, {"first_name": "Augusta", "status": "active"}).status_code == 403
    assert Customer.objects.get(pk=ada.customer_id).first_name == ""
    told = client.get(reverse("admin:members_erasure_change", args=[Erasure.objects.get().pk])).content.decode()
    assert "Memberships: 1" in told
    assert "Request 17" in told
