"""Whoever guesses passwords gets few tries, and whoever forgot one gets in again."""

import re
from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from loyalty_site import sign_in, tasks
from loyalty_site.lib.logs import JsonFormatter
from tests.support.admin_dialogs import deed
from tests.support.signing_in import attempt

pytestmark = pytest.mark.django_db
RIGHT, WRONG = "correct horse", "wrong horse"
LATER = sign_in.PERIOD + timedelta(seconds=1)


def fail(client, name, times, **where):
    return [attempt(client, name, WRONG, **where).status_code for _ in range(times)]


def is_in(response):
    return response.status_code == 302


def test_after_five_failures_the_right_password_is_refused_as_well(client, boss):
    assert fail(client, "boss", 6) == [200] * 5 + [429]
    assert attempt(client, "boss", RIGHT).status_code == 429
    assert "_auth_user_id" not in client.session


def test_after_four_failures_the_right_one_gets_in_and_all_tries_are_left_again(client, boss):
    for _ in range(2):
        assert fail(client, "boss", 4) == [200] * 4
        assert is_in(attempt(client, "boss", RIGHT))


def test_it_is_closed_for_a_quarter_of_an_hour_and_refused_tries_do_not_prolong_it(client, boss):
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        fail(client, "boss", 5)
        clock.shift(sign_in.PERIOD - timedelta(seconds=1))
        refused = attempt(client, "boss", WRONG)
        assert (refused.status_code, refused["Retry-After"]) == (429, "1")
        clock.shift(timedelta(seconds=2))
        assert is_in(attempt(client, "boss", RIGHT))


def test_the_page_is_ours_and_says_when_and_what_to_do(client, boss):
    fail(client, "boss", 5)
    refused = attempt(client, "boss", WRONG)
    page = refused.content.decode()
    assert "Try again in 15 minutes" in page
    assert "administrator" in page
    assert reverse("admin:login") in page
    assert 14 * 60 < int(refused["Retry-After"]) <= 15 * 60


def test_names_that_nobody_has_are_answered_as_those_of_people(client, boss, stranger):
    """Not to be told apart: nobody, somebody, somebody who may not work here, and that one's right password."""

    def words(name, password):
        said = [attempt(client, name, password) for _ in range(6)]
        shown = [re.sub(r'csrfmiddlewaretoken" value="\w+"|value="\w*"', "", one.content.decode()) for one in said]
        return [one.status_code for one in said], [one.replace(name, "") for one in shown]

    nobody = words("nobody", WRONG)
    assert nobody[0] == [200] * 5 + [429]
    assert words("boss", WRONG) == nobody
    assert words("stranger", WRONG) == nobody
    AccessAttempt.objects.all().delete()
    assert words("stranger", RIGHT) == nobody


def test_another_address_is_not_locked_out_by_somebody_who_guesses(client, boss):
    fail(client, "boss", 5)
    assert is_in(attempt(client, "boss", RIGHT, address="198.51.100.1"))
    assert attempt(client, "boss", RIGHT).status_code == 429


def test_one_address_cannot_try_many_names(client, boss):
    each = [fail(client, f"name-{number}", 5) for number in range(sign_in.MOST_OF_AN_ADDRESS // 5)]
    assert {code for codes in each for code in codes} == {200}
    assert attempt(client, "boss", RIGHT).status_code == 429
    assert is_in(attempt(client, "boss", RIGHT, address="198.51.100.1"))


def test_getting_in_oneself_does_not_free_an_address_for_guesses_of_other_names(client, boss, marketing):
    fail(client, "boss", 5)
    assert is_in(attempt(client, "marketing", RIGHT))
    client.logout()
    assert attempt(client, "boss", RIGHT).status_code == 429


@pytest.mark.parametrize("told", ["198.51.100.{}", "198.51.100.{}, 192.0.2.1"])
def test_a_header_that_anyone_can_send_gives_no_further_tries(client, boss, told):
    codes = [
        attempt(
            client, "boss", WRONG, X_Forwarded_For=told.format(number), User_Agent=f"browser {number}"
        ).status_code
        for number in range(6)
    ]
    assert codes == [200] * 5 + [429]


def test_behind_a_proxy_people_are_told_apart(client, boss, settings):
    settings.PROXIES = 1
    for number in range(6):
        told = f"192.0.2.{number}, 203.0.113.7"
        code = attempt(client, "boss", WRONG, address="10.0.0.2", X_Forwarded_For=told).status_code
    assert code == 429
    assert is_in(attempt(client, "boss", RIGHT, address="10.0.0.2", X_Forwarded_For="198.51.100.1"))


def test_an_administrator_opens_it_again_for_a_name(client, boss, marketing):
    fail(client, "marketing", 5)
    client.force_login(boss)
    failure = AccessAttempt.objects.get()
    page = client.get(reverse("admin:axes_accessattempt_change", args=[failure.pk])).content.decode()
    assert "Open for this name" in page
    assert deed(client, "axes_accessattempt_open_name", failure)["HX-Redirect"]
    client.logout()
    assert is_in(attempt(client, "marketing", RIGHT))


def test_an_administrator_opens_it_again_for_an_address(client, boss, marketing):
    for number in range(10):
        fail(client, f"name-{number}", 5)
    client.force_login(boss)
    assert deed(client, "axes_accessattempt_open_address", AccessAttempt.objects.first())["HX-Redirect"]
    client.logout()
    assert is_in(attempt(client, "marketing", RIGHT))


def test_nobody_else_sees_who_failed_or_opens_it(client, marketing):
    fail(client, "boss", 5)
    client.force_login(marketing)
    assert client.get(reverse("admin:axes_accessattempt_changelist")).status_code == 403
    failure = AccessAttempt.objects.get()
    assert client.post(reverse("admin:axes_accessattempt_open_name", args=[failure.pk])).status_code == 403
    assert AccessAttempt.objects.exists()


@pytest.mark.parametrize("words", [["boss"], ["--address", "203.0.113.7"], ["boss", "--address", "203.0.113.7"]])
def test_the_command_opens_it_again(client, boss, words, capsys):
    fail(client, "boss", 5)
    call_command("unlock", *words)
    assert is_in(attempt(client, "boss", RIGHT))
    call_command("unlock", *words)
    assert capsys.readouterr().out.splitlines()[-1] == "Nothing was closed."


@pytest.mark.parametrize("words", [[], ["--address", "the till"]])
def test_the_command_says_what_it_needs(words):
    with pytest.raises(CommandError):
        call_command("unlock", *words)


def test_failures_are_forgotten_when_they_count_no_more(client, boss):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        fail(client, "boss", 2)
        tasks.forget_failures_to_sign_in()
        assert AccessAttempt.objects.count() == 1
        clock.shift(LATER)
        tasks.forget_failures_to_sign_in()
    assert not AccessAttempt.objects.exists()


def test_neither_what_was_typed_nor_who_typed_it_is_kept_or_logged(client, boss, caplog):
    fail(client, "boss", 6)
    kept = AccessAttempt.objects.values().get()
    assert WRONG not in str(kept)
    lines = [JsonFormatter().format(record) for record in caplog.records if record.name.startswith("axes")]
    assert not [line for line in lines if "boss" in line or "203.0.113.7" in line]
