"""Can somebody say that they want no more, without a login, with one click, and nobody in their place?"""

import pytest
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse

from members import consenting
from members.messages import addresses
from members.models import Consent, Member
from tests.support import factories


def path_of(member, channel="email"):
    """The address without the host."""
    url = addresses.unsubscribe_url(member.pk, channel)
    return "/" + url.split("/", 3)[3]


def said(member):
    return [(one.channel, one.is_given, one.source) for one in Consent.objects.filter(customer=member.customer)]


@pytest.fixture
def browser():
    """Somebody without a login, whose tokens of forms are checked."""
    return Client(enforce_csrf_checks=True)


def test_the_address_is_the_public_one_whatever_the_host_of_a_request(ada, settings, browser):
    settings.PUBLIC_URL = "https://loyalty.example.com"
    settings.ALLOWED_HOSTS = ["*"]
    assert addresses.unsubscribe_url(ada.pk, "email").startswith("https://loyalty.example.com/u/")
    page = browser.get(path_of(ada), headers={"host": "evil.example"}).content.decode()
    assert "evil.example" not in page


def test_reading_the_page_changes_nothing_and_names_nobody(ada, browser):
    answer = browser.get(path_of(ada))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Alpine Club" in page
    assert "par e-mail" in page  # in the language of the member
    for personal in (ada.number, ada.customer.first_name, ada.customer.last_name, ada.customer.email):
        assert personal not in page
    assert not Consent.objects.exists()
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in answer.headers["Cache-Control"]


def test_one_click_of_a_program_for_mail_ends_the_consent(ada, browser):
    """RFC 8058: a POST without cookies, tokens or pages before it."""
    consenting.say(ada.customer, "email", True, source="form")
    answer = browser.post(path_of(ada), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert said(ada)[0] == ("email", False, "unsubscribe page")
    # A second click is no second word.
    browser.post(path_of(ada), "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert len(said(ada)) == 2


def test_who_changes_their_mind_can_have_them_again(ada, browser):
    page = browser.post(path_of(ada)).content.decode()
    assert 'name="again"' in page
    page = browser.post(path_of(ada), {"again": "1"}).content.decode()
    assert 'name="again"' not in page
    assert said(ada) == [("email", True, "unsubscribe page"), ("email", False, "unsubscribe page")]


def test_each_channel_is_ended_on_its_own(ada, browser):
    browser.post(path_of(ada, "sms"))
    assert said(ada) == [("sms", False, "unsubscribe page")]


@pytest.mark.parametrize(
    "change", [lambda token: token[:-1], lambda token: "1" + token, lambda token: "x", lambda token: "1-email"]
)
def test_an_address_that_we_did_not_make_is_refused_on_a_clear_page(ada, browser, change):
    token = path_of(ada).removeprefix("/u/").removesuffix("/")
    for ask in (browser.get, browser.post):
        answer = ask(reverse("unsubscribe", args=[change(token)]))
        assert answer.status_code == 404
        assert "This link does not work." in answer.content.decode()
    assert not Consent.objects.exists()


def test_what_was_signed_for_something_else_is_no_address(ada, browser):
    token = Signer(salt="something else", sep=".").sign(f"{ada.pk}-email")
    assert browser.post(reverse("unsubscribe", args=[token])).status_code == 404


def test_an_address_of_a_key_that_was_replaced_still_works(ada, browser, settings):
    path, old = path_of(ada), settings.SECRET_KEY
    settings.SECRET_KEY = "another key " * 5
    assert browser.get(path).status_code == 404
    settings.SECRET_KEY_FALLBACKS = [old]
    assert browser.get(path).status_code == 200


def test_a_member_who_is_gone_has_no_page(browser, db):
    assert browser.get(path_of(Member(pk=10**9))).status_code == 404


def test_it_works_for_somebody_of_whom_nothing_is_known_any_more(ada, browser):
    for name in ("first_name", "last_name", "email", "phone"):
        setattr(ada.customer, name, "")
    ada.customer.save()
    answer = browser.post(path_of(ada))
    assert answer.status_code == 200
    assert 'name="again"' not in answer.content.decode()
    browser.post(path_of(ada), {"again": "1"})
    assert [given for _, given, _ in said(ada)] == [False]


def test_who_was_merged_into_another_ends_the_messages_of_that_one(club, ada, browser):
    path, survivor = path_of(ada), factories.member(club)
    Member.objects.filter(pk=ada.pk).update(status="merged", merged_into=survivor)
    assert browser.post(path).status_code == 200
    assert said(survivor) == [("email", False, "unsubscribe page")]
    assert said(ada) == []


def test_no_other_method_does_anything(ada, browser):
    assert browser.put(path_of(ada)).status_code == 405
    assert browser.delete(path_of(ada)).status_code == 405
    assert not Consent.objects.exists()


@pytest.mark.parametrize(
    ("language", "words"), [("de-AT", "per E-Mail"), ("fr", "par e-mail"), ("xx", "by e-mail"), ("", "by e-mail")]
)
def test_the_page_is_in_the_language_of_the_member_else_of_the_program_else_in_english(ada, browser, language, words):
    ada.customer.language = language
    ada.customer.save()
    assert words in browser.get(path_of(ada)).content.decode()


def test_the_page_runs_no_script_and_takes_no_frame(ada, browser):
    policy = browser.get(path_of(ada)).headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
