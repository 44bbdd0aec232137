"""A change of the expiry policy is brought to live lots in the admin: seen first, agreed to, then done."""

import pytest
from django.urls import reverse

from tests.support import factories
from tests.support.admin_dialogs import said
from tests.support.stage import kept
from transactions.expiry import redating
from transactions.models import NightRun, Redating


@kept
def shop(lively_shop):
    """A shop in which points now live for one month, and its lots do not know yet."""
    shop = lively_shop
    expiry = shop.points.expiry_rule
    expiry.period, expiry.rounding = 1, "none"
    expiry.save()
    return shop


@pytest.fixture
def office(client, marketing):
    client.force_login(marketing)
    return client


@pytest.fixture
def page(shop):
    return reverse("admin:programs_currency_redating", args=[shop.points.pk])


def ends(shop):
    return sorted(shop.points.lots.filter(remaining__gt=0).values_list("pk", "expires_at"))


def seen(client, page, **fields):
    """The hidden fields of the preview that the page shows."""
    form = client.post(page, {"reason": "One month now"} | fields).context["form"]
    return {name: form[name].value() for name in ("reason", "shown")}


def text(response):
    return " ".join(response.content.decode().split())


def test_the_page_is_reached_from_the_currency_and_from_its_expiry_rule(office, shop, page):
    for name, row in (("currency", shop.points), ("expiryrule", shop.points.expiry_rule)):
        actions = office.get(reverse(f"admin:programs_{name}_change", args=[row.pk])).context["actions_detail"]
        assert [one["title"] for one in actions] == ["Re-date existing lots"]
        assert office.get(actions[0]["path"], follow=True).request["PATH_INFO"] == page


def test_nothing_moves_before_it_was_seen_and_agreed_to(office, shop, page):
    before, jobs = ends(shop), NightRun.objects.count()
    asked = text(office.get(page))
    assert "1 months" in asked
    assert "30 days" in asked
    assert "reason" in office.post(page, {"reason": " "}).context["form"].errors
    response = office.post(page, {"reason": "One month now"})
    moved = _table(response, "What would move").rows
    lots = len(before)
    points = sum(shop.points.lots.values_list("remaining", flat=True))
    assert sum(int(lots) for _, lots, _ in moved) == lots
    assert sum(int(points) for *_, points in moved) == points
    assert f"{lots} of {lots} lots" in text(response)
    examples = _table(response, "For example").rows
    assert shop.ada.number in str(examples)
    assert (ends(shop), NightRun.objects.count()) == (before, jobs)


def _table(response, title):
    return next(panel for panel in response.context["details"] if getattr(panel, "title", "") == title)


def test_what_was_agreed_to_is_done_and_told(office, shop, page):
    before, known = ends(shop), Redating.objects.count()
    response = office.post(page, seen(office, page) | {"agreed": "yes"})
    assert response.status_code == 302
    moved = Redating.objects.filter(reason="One month now")
    members = moved.values("lot__member").distinct().count()
    assert moved.count() == len(before) == Redating.objects.count() - known
    assert f"{moved.count()} lots of {members} members have another end" in said(office)
    job = NightRun.objects.latest("pk")
    assert (job.counts["by"], bool(job.finished_at)) == ("marketing", True)
    listed = text(office.get(reverse("admin:transactions_nightrun_changelist")))
    assert f"{moved.count()} lots of {members} members: One month now" in listed
    # By now there is nothing left to move.
    assert "Nothing would move" in text(office.post(page, {"reason": "Again"}))


def test_terms_that_changed_after_the_preview_are_shown_again(office, shop, page):
    sent = seen(office, page)
    expiry = shop.points.expiry_rule
    expiry.period = 2
    expiry.save()
    before = ends(shop)
    response = office.post(page, sent | {"agreed": "yes"})
    assert response.status_code == 200
    assert "changed meanwhile" in text(response)
    assert ends(shop) == before
    assert office.post(page, seen(office, page) | {"agreed": "yes"}).status_code == 302
    assert ends(shop) != before


def test_a_long_job_goes_on_in_the_background_and_no_second_one_begins(
    office, shop, page, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr("transactions.admin.job_pages.AT_ONCE_S", 0)
    monkeypatch.setattr(redating, "BATCH", 1)
    before, sent = ends(shop), seen(office, page)
    with django_capture_on_commit_callbacks() as wake:
        assert office.post(page, sent | {"agreed": "yes"}).status_code == 302
    assert (len(wake), ends(shop)) == (1, before)
    assert "goes on in the background" in said(office)
    jobs = NightRun.objects.count()
    shown = office.get(page)
    assert "0 of" in text(shown)
    assert "form" not in shown.context or shown.context["form"] is None
    with django_capture_on_commit_callbacks():
        office.post(page, sent | {"agreed": "yes"})
    assert NightRun.objects.count() == jobs
    wake[0]()
    assert NightRun.objects.latest("pk").finished_at
    assert ends(shop) != before


def test_who_looks_at_a_job_that_stands_still_pushes_it_on(office, shop, page, monkeypatch):
    job = redating.start(shop.points, reason="Cut off")
    before = ends(shop)
    assert office.post(page, {"go_on": "yes"}).status_code == 302
    job.refresh_from_db()
    assert job.finished_at
    assert ends(shop) != before


def test_only_who_may_change_programs_may_do_it(client, store_staff, stranger, boss, shop, page):
    for person, status in ((store_staff, 403), (stranger, 302), (boss, 200)):
        client.force_login(person)
        assert client.get(page).status_code == status
    client.force_login(store_staff)
    before = ends(shop)
    assert client.post(page, {"reason": "Mine", "shown": "1", "agreed": "yes"}).status_code == 403
    assert ends(shop) == before
    shown = client.get(reverse("admin:programs_currency_change", args=[shop.points.pk]))
    assert not shown.context["actions_detail"]


def test_points_are_told_with_the_decimals_of_their_currency(office, shop):
    made = factories.program("fine", owner=shop.program.owner)
    made.currencies.filter(code="points").update(decimals=2)
    made.touch(made.pk)
    who, points = factories.member(made), made.currencies.get(code="points")
    factories.post_one(made, factories.purchase(who, 1250))
    points.expiry_rule.period = 24
    points.expiry_rule.save()
    response = office.post(reverse("admin:programs_currency_redating", args=[points.pk]), {"reason": "Two years"})
    assert _table(response, "What would move").rows[0][-1] == "12.50"
