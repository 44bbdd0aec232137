"""A request with an Idempotency-Key is done once, however often and however concurrently it is sent."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from members.models import Member
from partners import idempotency
from partners.models import KeptAnswer
from partners.tasks import purge_idempotency_keys
from programs import versions
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.factories import held
from transactions.models import Journal


@pytest.fixture
def ada(club):
    return factories.member(club)


def purchase(ada, external_id="order-1", **fields):
    return {
        "activity": "purchase",
        "external_id": external_id,
        "member": {"number": ada.number},
        "amount": "10.00",
    } | fields


def test_the_same_request_gets_the_same_answer(shop, ada):
    first = shop.post("transactions/", purchase(ada), idempotency_key="k")
    again = shop.post("transactions/", purchase(ada), idempotency_key="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Location"] == first["Location"]
    assert (first.get("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (None, "true")
    assert Journal.objects.count() == 1


def test_order_and_spacing_of_the_json_do_not_matter(shop, ada):
    shop.post("transactions/", purchase(ada), idempotency_key="k")
    turned = dict(reversed(purchase(ada).items()))
    assert shop.post("transactions/", turned, idempotency_key="k")["Idempotency-Replayed"] == "true"


def test_another_request_under_the_same_key_is_refused(shop, ada):
    shop.post("transactions/", purchase(ada), idempotency_key="k")
    for path, body in (
        ("transactions/", purchase(ada, "order-2")),
        ("transactions/", [purchase(ada)]),
        ("redemptions/", purchase(ada)),
    ):
        answer = shop.post(path, body, idempotency_key="k")
        assert (answer.status_code, answer.said["code"]) == (422, "key_reused")
    assert shop.post("transactions/", purchase(ada), idempotency_key="k", program="club").status_code == 422
    assert Journal.objects.count() == 1


def test_keys_of_two_connections_are_two_keys(shop, club, ada):
    other = Caller(club.owner, name="Other")
    for caller in (shop, other):
        assert caller.post("transactions/", purchase(ada), idempotency_key="k").status_code == 201
    assert held(ada) == 20


def test_enrolments_redemptions_and_reversals_are_done_once_too(shop, ada):
    bought = shop.post("transactions/", purchase(ada)).said["id"]
    wishes = [
        ("members/", {"first_name": "Bo"}),
        ("redemptions/", {"external_id": "r", "member": {"number": ada.number}, "points": 3}),
        (f"transactions/{bought}/reversal/", {}),
        ("transactions/", [purchase(ada, "a"), purchase(ada, "b", amount="x")]),
    ]
    for place, (path, body) in enumerate(wishes):
        first = shop.post(path, body, idempotency_key=f"k{place}")
        again = shop.post(path, body, idempotency_key=f"k{place}")
        assert first.status_code in (200, 201)
        assert again.content == first.content
        assert again["Idempotency-Replayed"] == "true"
    assert Member.objects.filter(customer__first_name="Bo").count() == 1


def test_a_refusal_on_business_grounds_is_kept(shop, ada):
    wish = {"external_id": "r", "member": {"number": ada.number}, "points": 5}
    first = shop.post("redemptions/", wish, idempotency_key="k")
    shop.post("transactions/", purchase(ada))
    again = shop.post("redemptions/", wish, idempotency_key="k")
    assert (first.status_code, again.status_code) == (409, 409)
    assert again.content == first.content
    assert shop.post("redemptions/", wish, idempotency_key="k2").status_code == 201


def test_a_validation_error_is_not_kept(shop, ada):
    assert shop.post("transactions/", purchase(ada, amount="ten"), idempotency_key="k").status_code == 400
    assert not KeptAnswer.objects.exists()
    assert shop.post("transactions/", purchase(ada), idempotency_key="k").status_code == 201


def test_what_fails_on_the_way_leaves_neither_answer_nor_posting(shop, ada, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(idempotency, "keep", fail)
    with pytest.raises(RuntimeError):
        shop.post("transactions/", purchase(ada), idempotency_key="k")
    assert not Journal.objects.exists()


def test_a_version_compiled_in_vain_is_forgotten(shop, club, ada):
    """Its row was rolled back; a journal that named it could never be explained."""
    versions.forget()
    club.save()
    shop.post("transactions/", purchase(ada, amount="ten"), idempotency_key="k")
    answer = shop.post("transactions/", purchase(ada))
    journal = Journal.objects.get(pk=answer.said["id"])
    assert versions.at(club.pk, journal.program_version)


def test_answers_are_forgotten_after_their_time(shop, ada):
    shop.post("transactions/", purchase(ada), idempotency_key="old")
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(days=idempotency.KEPT_DAYS, seconds=1))
    shop.post("transactions/", purchase(ada, "order-2"), idempotency_key="new")
    purge_idempotency_keys.delay()
    assert [kept.key for kept in KeptAnswer.objects.all()] == ["new"]
    assert idempotency.purge() == 0


def at_once(number, do):
    """What `do(n)` returned in each of `number` threads that begin together."""
    gate, results = threading.Barrier(number), [None] * number

    def run(place):
        try:
            gate.wait()
            results[place] = do(place)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place]) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_many_at_once_do_it_once(club):
    ada = factories.member(club)
    shops = [Caller(club.owner) for _ in range(8)]
    for key in ("k1", "k2", "k3"):
        body = purchase(ada, key)
        answers = at_once(8, lambda n, key=key, body=body: shops[n].post("transactions/", body, idempotency_key=key))
        told = [answer for answer in answers if answer.status_code == 201]
        waiting = [answer for answer in answers if answer.status_code == 409]
        assert len(told) + len(waiting) == 8
        assert len({answer.content for answer in told}) == 1
        assert all(answer.said["code"] == "request_in_flight" for answer in waiting)
        assert all(answer["Retry-After"] for answer in waiting)
        assert sum("Idempotency-Replayed" not in answer for answer in told) == 1
        assert shops[0].post("transactions/", body, idempotency_key=key)["Idempotency-Replayed"] == "true"
    assert Journal.objects.count() == 3
    assert held(ada) == 30


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_many_at_once_without_a_key_are_each_answered_for_their_own(club):
    """They may be posted as one batch."""
    ada, shops = factories.member(club), [Caller(club.owner) for _ in range(8)]
    bodies = [purchase(ada, f"order-{n}", amount="ten" if n == 3 else f"{n}.00") for n in range(8)]
    answers = at_once(8, lambda n: shops[n].post("transactions/", bodies[n]))
    assert [answer.status_code for answer in answers] == [201] * 3 + [400] + [201] * 4
    for n, answer in enumerate(answers):
        if n != 3:
            journal = Journal.objects.get(pk=answer.said["id"])
            assert (journal.external_id, journal.amount) == (f"order-{n}", 100 * n)
    again = at_once(8, lambda n: shops[n].post("transactions/", bodies[n]).status_code)
    assert again == [200] * 3 + [400] + [200] * 4
    assert held(ada) == sum({0, 1, 2, 4, 5, 6, 7})


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_the_last_points_are_spent_once_under_many_keys(club):
    ada = factories.member(club)
    factories.post_one(club, factories.purchase(ada, 1000))
    shops = [Caller(club.owner) for _ in range(8)]

    def redeem(place):
        wish = {"external_id": f"r{place}", "member": {"number": ada.number}, "points": 4}
        return shops[place].post("redemptions/", wish, idempotency_key=f"k{place}").status_code

    assert sorted(at_once(8, redeem)) == [201] * 2 + [409] * 6
    assert held(ada) == 2
    assert KeptAnswer.objects.count() == 8


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_one_person_is_enrolled_once_by_two_tills(club):
    shops = [Caller(club.owner) for _ in range(6)]
    body = {"first_name": "Bo", "email": "bo@example.com"}
    answers = at_once(6, lambda n: shops[n].post("members/", body, idempotency_key=f"k{n}").status_code)
    assert sorted(answers) == [201] + [409] * 5
    assert Member.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_at_work_the_second_is_told_so(club):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: the second waits, and is told the first one's answer")
    ada, shop = factories.member(club), Caller(club.owner)
    answers = []

    def second():
        try:
            answers.append(shop.post("transactions/", purchase(ada), idempotency_key="k"))
        finally:
            connection.close()

    with transaction.atomic():
        assert idempotency.recall(shop.connection, "k", "mark") is None
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert (answers[0].status_code, answers[0].said["code"]) == (409, "request_in_flight")
    assert answers[0]["Retry-After"] == "1"
    assert shop.post("transactions/", purchase(ada), idempotency_key="k").status_code == 201
