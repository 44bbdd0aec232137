"""Members are brought in by a page of the program: shown first, agreed to, then done."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from members.models import Member
from tests.support import factories
from transactions.admin import members_page
from transactions.models import Journal

SMILE = "email,points\nann@example.com,1500\nbo@example.com,\n"


@pytest.fixture
def made(db):
    return factories.program("club")


@pytest.fixture
def office(client, admin_user):
    client.force_login(admin_user)
    return client


@pytest.fixture
def page(made):
    return reverse("admin:programs_program_import_members", args=[made.pk])


def sent(content=SMILE, **fields):
    file = SimpleUploadedFile("smile.csv", content.encode())
    return {"file": file, "mapping": "smile", "mode": "", "rounding": "", "source": "", "try": "yes"} | fields


def text(response):
    return " ".join(response.content.decode().split())


def test_a_button_of_the_program_leads_to_it(office, made, page):
    actions = office.get(reverse("admin:programs_program_change", args=[made.pk])).context["actions_detail"]
    path = next(one["path"] for one in actions if one["title"] == "Bring in members")
    assert office.get(path).url == page


def test_what_would_happen_is_shown_first_and_done_once_somebody_agrees(office, page, admin_user):
    assert office.get(page).status_code == 200
    shown = office.post(page, sent())
    assert "Bring these members in" in text(shown)
    assert "The cell is empty; write a number." in text(shown)
    assert not Member.objects.exists()
    done = office.post(page, {"job": shown.context["job"], "agreed": "yes"})
    assert "Brought in members from smile.csv: 1 rows, 1 enrolled." in text(done)
    assert factories.held(Member.objects.get()) == 1500
    assert Journal.objects.get(kind="opening").user == admin_user
    again = office.post(page, sent())
    assert "Bring these members in" not in text(again)


def test_choices_take_the_place_of_what_the_mapping_says(office, page):
    content = "email,points\nann@example.com,120.5\n"
    assert "fraction_of_points" in text(office.post(page, sent(content)))
    assert "fraction_of_points" not in text(office.post(page, sent(content, rounding="floor")))


def test_a_mapping_of_ones_own_is_taken_and_its_problems_are_shown(office, page):
    own = {"source": "x", "fields": {"email": "mail", "points": "points"}}
    content = "mail,points\nann@example.com,7\n"

    def post(mapping):
        file = SimpleUploadedFile("mapping.json", json.dumps(mapping).encode())
        return office.post(page, sent(content, mapping="own", own_mapping=file))

    assert "Bring these members in" in text(post(own))
    assert "mode: must be one of add, set" in text(post(own | {"mode": "replace"}))
    assert "Choose the file with your mapping." in text(office.post(page, sent(content, mapping="own")))


def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(office, page, made):
    assert "the file has no column" in text(office.post(page, sent("who,points\na@b.example,1\n")))
    made.status = "paused"
    made.save()
    assert "The program is paused" in text(office.post(page, sent()))
    assert not Member.objects.exists()


def test_a_large_file_is_refused_with_the_command_that_takes_it(office, page, monkeypatch):
    monkeypatch.setattr(members_page, "LARGEST_FILE", 20)
    answer = text(office.post(page, sent()))
    assert "manage.py import_members" in answer
    assert not Member.objects.exists()


def test_what_was_shown_is_for_who_saw_it_and_for_that_program(office, page, made, client, django_user_model):
    job = office.post(page, sent()).context["job"]
    other = reverse("admin:programs_program_import_members", args=[factories.program("other").pk])
    for address in (other, page):
        if address == page:
            client.force_login(django_user_model.objects.create_superuser("second"))
        assert client.post(address, {"job": job, "agreed": "yes"}).status_code == 302
    assert not Member.objects.exists()


@pytest.mark.parametrize("who", ["marketing", "store_staff"])
def test_only_those_who_may_bring_members_in(client, page, who, request):
    client.force_login(request.getfixturevalue(who))
    assert client.get(page).status_code == 403
    assert client.post(page, sent()).status_code == 403
