"""A password that is easily guessed is taken nowhere: not in the admin, and not by a command."""

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.management.commands import createsuperuser
from django.core.management import CommandError, call_command
from django.urls import reverse

from loyalty_site import staff
from tests.support.admin_forms import errors_of, form_of

pytestmark = pytest.mark.django_db
WEAK = ["a", "elevencharz", "password1234", "837465019283", "newcomer1234"]
STRONG = "nine brown otters"


@pytest.mark.parametrize("password", WEAK)
def test_the_admin_adds_nobody_with_a_weak_password(client, boss, password):
    client.force_login(boss)
    page = reverse("admin:auth_user_add")
    sent = form_of(client, page) | {"username": "newcomer", "password1": password, "password2": password}
    assert "password2" in errors_of(client.post(page, sent))
    assert not get_user_model().objects.filter(username="newcomer").exists()


@pytest.mark.parametrize("password", WEAK[:2])
def test_nobody_changes_a_password_into_a_weak_one(client, boss, marketing, password):
    client.force_login(boss)
    others = reverse("admin:auth_user_password_change", args=[marketing.pk])
    sent = {"password1": password, "password2": password, "usable_password": "true"}
    assert client.post(others, sent).status_code == 200
    own = {"old_password": "correct horse", "new_password1": password, "new_password2": password}
    assert client.post(reverse("admin:password_change"), own).status_code == 200
    assert authenticate(username="marketing", password="correct horse")
    assert authenticate(username="boss", password="correct horse")


def new_administrator(monkeypatch, password, name="newcomer"):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
    call_command("createsuperuser", interactive=False, username=name, email="n@example.com", verbosity=0)


@pytest.mark.parametrize("password", WEAK)
def test_the_environment_gives_no_administrator_a_weak_password(monkeypatch, password):
    with pytest.raises(CommandError):
        new_administrator(monkeypatch, password)
    assert not get_user_model().objects.exists()


def test_a_strong_one_is_taken(monkeypatch):
    new_administrator(monkeypatch, STRONG)
    assert authenticate(username="newcomer", password=STRONG).is_superuser


def test_the_word_of_who_types_it_does_not_make_a_weak_one_pass(monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setattr(createsuperuser.getpass, "getpass", lambda *prompt: "a")
    monkeypatch.setattr("builtins.input", lambda prompt: "y")
    with pytest.raises(CommandError, match="too short"):
        call_command("createsuperuser", username="newcomer", email="n@example.com", stdin=Terminal())
    assert not get_user_model().objects.exists()


def test_the_first_logins_get_another_password_than_a_weak_one_in_the_file(tmp_path):
    staff.make_groups()
    path = tmp_path / "logins.txt"
    path.write_text(f"admin: a\nstore: {STRONG}\n")
    logins = staff.make_logins(path)
    assert logins == staff.read_logins(path)
    assert logins["store"] == STRONG
    assert authenticate(username="admin", password=logins["admin"])
    assert not authenticate(username="admin", password="a")
