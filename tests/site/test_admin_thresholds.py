"""New thresholds are brought to members on a page of the ladder: seen, done, or agreed to by somebody else."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from programs.models import Tier
from tests.support import factories
from tests.support.admin_dialogs import said
from tests.support.ladders import tier
from tests.support.stage import kept
from transactions.models import NightRun, Reevaluation
from transactions.policies import previewing, requests, thresholds


@kept
def shop(lively_shop):
    """A shop whose silver tier is reached by 100 and gold by 200 from now on, and nobody knows yet."""
    for code, threshold in (("silver", 100), ("gold", 200)):
        row = Tier.objects.get(group__program=lively_shop.program, code=code)
        row.threshold = threshold
        row.save()
    return lively_shop


@pytest.fixture
def group(shop):
    return shop.program.tier_groups.get()


@pytest.fixture
def page(group):
    return reverse("admin:programs_tiergroup_thresholds", args=[group.pk])


@pytest.fixture
def office(client, marketing):
    client.force_login(marketing)
    return client


@pytest.fixture
def second(client, django_user_model):
    """The browser of somebody who may agree, and who saw nothing before."""
    user = django_user_model.objects.create_user("second", password="x", is_staff=True)
    names = ["view_tiergroup", "decide_downgrades"]
    user.user_permissions.add(*Permission.objects.filter(codename__in=names, content_type__app_label="programs"))
    other = type(client)()
    other.force_login(user)
    return other


def seen(client, page, effect):
    form = client.post(page, {"effect": effect, "reason": "More of you"}).context["form"]
    return {name: form[name].value() for name in ("effect", "reason", "shown")}


def text(response):
    return " ".join(response.content.decode().split())


def labels(response):
    return [button.label for button in response.context["buttons"]]


def ladder_of_another_program():
    made = factories.program(code="other")
    return made.tier_groups.get(code="main")


def asked(client, page):
    client.post(page, seen(client, page, "full") | {"agreed": "yes"})
    return Reevaluation.objects.get(status="waiting")


def test_the_page_is_reached_from_the_ladder(office, group, page):
    actions = office.get(reverse("admin:programs_tiergroup_change", args=[group.pk])).context["actions_detail"]
    path = next(one["path"] for one in actions if one["title"] == "Apply the thresholds to members now")
    assert office.get(path, follow=True).request["PATH_INFO"] == page


def test_nobody_moves_before_it_was_seen(office, shop, page):
    assert "until something is posted" in text(office.get(page))
    assert "reason" in office.post(page, {"effect": "upgrades", "reason": " "}).context["form"].errors
    response = office.post(page, {"effect": "upgrades", "reason": "More of you"})
    assert "Who would move" in text(response)
    assert "Base → Gold" in text(response)
    assert shop.bob.number in text(response)
    assert labels(response) == ["Raise these members", "Show again"]
    assert (tier(shop.bob), NightRun.objects.filter(step__startswith="thresholds").count()) == ("base", 0)


def test_upgrades_are_done_at_once_when_they_were_seen(office, shop, page):
    office.post(page, seen(office, page, "upgrades") | {"agreed": "yes"})
    assert tier(shop.bob) == "gold"
    assert "raised" in said(office)
    assert "More of you" in text(office.get(page))
    listed = text(office.get(reverse("admin:transactions_nightrun_changelist")))
    assert "More of you" in listed
    assert "Nobody would move" in text(office.post(page, {"effect": "upgrades", "reason": "Again"}))


@pytest.mark.parametrize("effect", ["upgrades", "full"])
def test_a_program_that_changed_after_the_preview_is_shown_again(office, shop, page, effect):
    sent = seen(office, page, effect)
    shop.program.touch(shop.program.pk)
    response = office.post(page, sent | {"agreed": "yes"})
    assert "Look again" in text(response)
    assert (tier(shop.bob), Reevaluation.objects.filter(status="waiting").count()) == ("base", 0)


def test_what_was_seen_of_one_effect_is_no_consent_to_the_other(office, shop, page):
    office.post(page, seen(office, page, "full") | {"effect": "upgrades", "agreed": "yes"})
    assert tier(shop.bob) == "base"


def test_a_full_re_evaluation_waits_for_somebody_else(office, second, shop, group, page):
    request = asked(office, page)
    assert "Somebody else has to agree" in said(office)
    assert tier(shop.bob) == "base"
    own = office.get(page)
    assert labels(own) == ["Withdraw"]
    assert "Nobody decides their own request" in text(office.post(page, {"approve": "yes", "asked": request.pk}))
    assert (tier(shop.bob), Reevaluation.objects.first().status) == ("base", "waiting")
    change = second.get(reverse("admin:programs_tiergroup_change", args=[group.pk]))
    assert "asks that members are moved up and down: More of you" in text(change)
    theirs = second.get(page)
    assert labels(theirs) == ["Agree: move these members", "Reject"]
    assert "Base → Gold" in text(theirs)
    second.post(page, {"approve": "yes", "asked": request.pk, "note": "Seen"})
    assert (tier(shop.bob), Reevaluation.objects.first().status) == ("gold", "approved")


def test_a_rejection_says_why(office, second, shop, page):
    request = asked(office, page)
    response = second.post(page, {"reject": "yes", "asked": request.pk, "note": ""})
    assert "note" in response.context["form"].errors
    second.post(page, {"reject": "yes", "asked": request.pk, "note": "Not now"})
    assert (tier(shop.bob), Reevaluation.objects.first().status) == ("base", "rejected")


def test_a_stale_request_can_only_be_rejected(office, second, shop, page):
    request = asked(office, page)
    shop.program.touch(shop.program.pk)
    response = second.get(page)
    assert labels(response) == ["Reject"]
    assert "has changed since" in text(response)
    response = second.post(page, {"approve": "yes", "asked": request.pk})
    assert "has changed since" in str(response.context["form"].errors)
    assert tier(shop.bob) == "base"


def test_what_somebody_has_decided_meanwhile_is_told(office, second, shop, page):
    first = asked(office, page)
    office.post(page, {"reject": "yes", "asked": first.pk, "note": "Other numbers"})
    asked(office, page)
    response = second.post(page, {"approve": "yes", "asked": first.pk})
    assert "This request was withdrawn by marketing on" in text(response)
    assert "request: This" not in text(response)
    assert tier(shop.bob) == "base"


def test_who_comes_second_is_told_who_has_decided(office, second, shop, page, boss):
    request = asked(office, page)
    first = type(office)()
    first.force_login(boss)
    first.post(page, {"reject": "yes", "asked": request.pk, "note": "Not now"})
    response = second.post(page, {"approve": "yes", "asked": request.pk}, follow=True)
    assert "This request was rejected by boss on" in text(response)
    assert tier(shop.bob) == "base"


def test_an_answer_is_for_the_request_that_was_shown(office, second, shop, page):
    request = asked(office, page)
    other = ladder_of_another_program()
    theirs = requests.request(other, previewing.preview(other, "full"), reason="Theirs", user=request.requested_by)
    for key in (theirs.pk, 4711, "abc", "1 or 1", "", -1, "9" * 30):
        for answer in ("approve", "reject"):
            response = second.post(page, {answer: "yes", "asked": key, "note": "Seen"})
            assert "open the page again" in text(response), (answer, key)
    assert Reevaluation.objects.filter(pk__in=[request.pk, theirs.pk], status="waiting").count() == 2
    assert tier(shop.bob) == "base"
    # What the page asks next is about the request that it shows.
    assert second.post(page, {"approve": "yes"}).context["form"]["asked"].value() == str(request.pk)


def test_a_long_job_goes_on_in_the_background(
    office, shop, group, page, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr("transactions.admin.job_pages.AT_ONCE_S", 0)
    sent = seen(office, page, "upgrades")
    office.post(page, sent | {"agreed": "yes"})
    assert "goes on in the background" in said(office)
    assert "Under way: 0 of" in text(office.get(page))
    assert labels(office.get(page)) == ["Go on now"]
    with django_capture_on_commit_callbacks(execute=True):
        office.post(page, {"go_on": "yes"})
    assert thresholds.jobs(group).get().finished_at
    assert tier(shop.bob) == "gold"


def test_who_may_neither_ask_nor_decide_sees_no_page(client, store_staff, second, group, page):
    client.force_login(store_staff)
    assert client.get(page).status_code == 403
    actions = client.get(reverse("admin:programs_tiergroup_change", args=[group.pk])).context["actions_detail"]
    assert "Apply the thresholds to members now" not in [one["title"] for one in actions]
    # Who may only agree cannot ask.
    assert "Nothing to decide" in text(second.get(page))
    assert "Nothing to decide" in text(second.post(page, {"effect": "upgrades", "reason": "Mine"}))
