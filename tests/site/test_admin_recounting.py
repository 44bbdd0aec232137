"""A ladder that counts otherwise is changed on a page of its own: seen first, refused where somebody would lose."""

import html

import pytest
from django.urls import reverse

from programs.models import Currency, TierGroup
from tests.support.admin_dialogs import said
from tests.support.ladders import tier
from transactions.models import NightRun
from transactions.policies import recounting


@pytest.fixture
def group(lively_shop):
    return lively_shop.program.tier_groups.get()


@pytest.fixture
def page(group):
    return reverse("admin:programs_tiergroup_recounting", args=[group.pk])


@pytest.fixture
def office(client, marketing):
    client.force_login(marketing)
    return client


def fields(group, **changed):
    known = {name: getattr(group, name) for name in ("model", "cycle_start", "window", "window_unit")}
    return known | {"currency": group.currency_id, "reason": "Years of membership"} | changed


def text(response):
    return " ".join(response.content.decode().split())


def labels(response):
    return [button.label for button in response.context["buttons"]]


def test_the_page_is_reached_from_the_ladder(office, group, page):
    actions = office.get(reverse("admin:programs_tiergroup_change", args=[group.pk])).context["actions_detail"]
    path = next(one["path"] for one in actions if one["title"] == "Change how it counts")
    assert office.get(path, follow=True).request["PATH_INFO"] == page


def test_it_is_seen_first_and_then_done(office, lively_shop, group, page):
    before = tier(lively_shop.bob), lively_shop.bob.tallies.get().period.isoformat()
    assert "counted anew from the ledger" in text(office.get(page))
    shown = office.post(page, fields(group, model="calendar"))
    assert labels(shown) == ["Count it so from now on", "Show again"]
    assert TierGroup.objects.get(pk=group.pk).model == "lifetime"
    seen = shown.context["form"]["shown"].value()
    office.post(page, fields(group, model="calendar", shown=seen, agreed="yes"))
    assert "they keep their tiers" in said(office)
    assert TierGroup.objects.get(pk=group.pk).model == "calendar"
    assert lively_shop.bob.tallies.get().period.isoformat() != before[1]
    assert tier(lively_shop.bob) == before[0]
    assert "members counted anew" in text(office.get(reverse("admin:transactions_nightrun_changelist")))


def test_what_was_seen_of_one_change_is_no_consent_to_another(office, group, page):
    seen = office.post(page, fields(group, model="calendar")).context["form"]["shown"].value()
    again = office.post(page, fields(group, model="rolling", shown=seen, agreed="yes"))
    assert "Look again" in text(again)
    assert TierGroup.objects.get(pk=group.pk).model == "lifetime"


def test_what_members_would_lose_cannot_be_agreed_to(office, group, page):
    asked = fields(group, model="manual", currency="")
    shown = office.post(page, asked)
    assert "would lose what they have counted" in text(shown)
    assert labels(shown) == ["Show again"]
    seen = shown.context["form"]["shown"].value()
    response = office.post(page, asked | {"shown": seen, "agreed": "yes"})
    assert "would lose" in text(response)
    assert TierGroup.objects.get(pk=group.pk).model == "lifetime"


def test_bad_settings_are_refused_at_their_fields(office, group, page):
    response = office.post(page, fields(group, model="calendar", cycle_start="02-29"))
    assert "cycle_start" in response.context["form"].errors
    assert "window" in office.post(page, fields(group, model="rolling", window="0")).context["form"].errors
    assert "reason" in office.post(page, fields(group, reason=" ")).context["form"].errors
    assert not NightRun.objects.filter(step__startswith="recount").exists()


def test_why_a_change_contradicts_the_ladder_is_read_on_the_page(office, group, page):
    group.model, group.validity = "calendar", "rest_of_cycle_plus_next"
    group.is_recounted = True
    group.full_clean()
    group.save()
    response = office.post(page, fields(group, model="rolling", currency=group.currency_id))
    [said] = response.context["form"].non_field_errors()
    assert "ycle" in said
    assert said in html.unescape(text(response))


def test_further_currencies_are_ticked_and_count_from_then_on(office, lively_shop, group, page):
    visits = Currency.objects.create(program=lively_shop.program, code="visits", name="Visits", kind="qualifying")
    assert 'type="checkbox" name="further_currencies"' in text(office.get(page)).replace("'", '"')
    twice = office.post(page, fields(group, further_currencies=[group.currency_id]))
    assert "further_currencies" in twice.context["form"].errors
    asked = fields(group, further_currencies=[visits.pk])
    seen = office.post(page, asked).context["form"]["shown"].value()
    office.post(page, asked | {"shown": seen, "agreed": "yes"})
    assert list(group.further_currencies.all()) == [visits]


def test_a_job_that_stands_still_is_pushed_on(office, group, page):
    form = fields(group, model="calendar")
    seen = office.post(page, form).context["form"]["shown"].value()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("transactions.admin.job_pages.AT_ONCE_S", 0)
        office.post(page, form | {"shown": seen, "agreed": "yes"})
    assert "Under way: 0 of" in text(office.get(page))
    office.post(page, {"go_on": "yes"})
    assert recounting.jobs(group).get().finished_at


def test_the_form_of_the_ladder_refuses_it_and_says_where_to_go(office, group):
    page = reverse("admin:programs_tiergroup_change", args=[group.pk])
    form = office.get(page).context["adminform"].form
    values = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    inline = {"tiers-TOTAL_FORMS": 0, "tiers-INITIAL_FORMS": 0, "further_currencies": []}
    response = office.post(page, values | inline | {"model": "calendar"})
    assert "Change how it counts" in str(response.context["adminform"].form.errors["model"])
    assert TierGroup.objects.get(pk=group.pk).model == "lifetime"


def test_store_staff_see_no_page(client, store_staff, page):
    client.force_login(store_staff)
    assert client.get(page).status_code == 403
