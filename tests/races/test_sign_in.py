"""Of sixty guesses at one moment no more are looked at than of sixty in a row."""

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.test import Client

from tests.support.crowd import at_once
from tests.support.signing_in import attempt

pytestmark = [pytest.mark.slow, pytest.mark.races, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def looked_at(monkeypatch):
    """The passwords that were compared."""
    seen, compare = [], ModelBackend.authenticate

    def spy(self, request, username=None, password=None, **more):
        seen.append(password)
        return compare(self, request, username=username, password=password, **more)

    monkeypatch.setattr(ModelBackend, "authenticate", spy)
    return seen


@pytest.fixture
def boss(transactional_db):
    return get_user_model().objects.create_superuser("boss", "boss@example.com", "correct horse")


def test_five_guesses_of_a_name_are_looked_at(boss, looked_at):
    guesses = [lambda number=n: attempt(Client(), "boss", f"guess {number}").status_code for n in range(60)]
    codes = at_once(*guesses)
    assert (codes.count(200), codes.count(429)) == (5, 55)
    assert len(looked_at) == 5
    assert attempt(Client(), "boss", "correct horse").status_code == 429


def test_fifty_guesses_of_an_address_are_looked_at(boss, looked_at):
    guesses = [lambda number=n: attempt(Client(), f"name {number}", "guess").status_code for n in range(60)]
    codes = at_once(*guesses)
    assert (codes.count(200), codes.count(429), len(looked_at)) == (50, 10, 50)


def test_people_who_know_their_passwords_sign_in_at_one_moment(boss):
    codes = at_once(*[lambda: attempt(Client(), "boss", "correct horse").status_code for _ in range(5)])
    assert codes == [302] * 5
    assert not AccessAttempt.objects.exists()
