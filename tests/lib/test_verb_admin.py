"""A form whose save is a verb: the verb makes the row, and what it refuses stands beside the field that is meant."""

import pytest
from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpResponse

from loyalty_site.lib.admin import Dialog, Made, ModelAdmin, VerbAdmin, action, dialog, site
from loyalty_site.lib.forms import ModelForm
from loyalty_site.lib.refusals import Refused


class GroupForm(ModelForm):
    motto = forms.CharField()

    def place_error(self, name, errors):
        super().place_error({"saying": "motto"}.get(name, name), errors)


class Groups(VerbAdmin):
    add_form = GroupForm
    add_fieldsets = [(None, {"fields": ["name", "motto"]})]
    fields = ["name"]
    calls = 0

    def perform(self, request, form, formsets):
        Groups.calls += 1
        if form.cleaned_data["motto"] in ("bad", "worse"):
            field = {"bad": "saying.text", "worse": "elsewhere"}[form.cleaned_data["motto"]]
            raise Refused("Choose a better one.", field=field)
        group = Group.objects.create(name=f"{form.cleaned_data['name']}: {form.cleaned_data['motto']}")
        return Made(group, HttpResponse("own answer") if form.cleaned_data["motto"] == "own" else None)


@pytest.fixture
def groups(db):
    Groups.calls = 0
    return Groups(Group, site)


@pytest.fixture
def send(rf, groups):
    """Send the form of a new group, or of the one with this number, as an administrator."""
    boss = User.objects.create_superuser("boss", "boss@example.com", "correct horse")

    def sent(number=None, **data):
        request = rf.post("/", data)
        request.user, request.session = boss, {}
        request._messages = FallbackStorage(request)
        request._dont_enforce_csrf_checks = True
        response = groups.changeform_view(request, number)
        response.said = [str(message) for message in get_messages(request)]
        return response

    return sent


def test_the_verb_makes_the_row_and_nothing_else_is_saved(send, groups):
    response = send(name="Friends", motto="together")
    (group,) = Group.objects.all()
    assert (group.name, groups.calls) == ("Friends: together", 1)
    assert response.status_code == 302
    assert "Friends: together" in response.said[0]
    (entry,) = LogEntry.objects.all()
    assert (entry.object_id, entry.get_change_message()) == (str(group.pk), "Added.")


def test_the_verb_may_answer_itself(send):
    response = send(name="Friends", motto="own")
    assert (response.content, response.said) == (b"own answer", [])
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize(("motto", "field"), [("bad", "motto"), ("worse", "__all__")])
def test_a_refusal_stands_beside_its_field_and_nothing_is_saved(send, groups, motto, field):
    response = send(name="Friends", motto=motto)
    form = response.context_data["adminform"].form
    assert form.errors == {field: ["Choose a better one."]}
    assert form["name"].value() == "Friends"
    assert (groups.calls, Group.objects.count(), LogEntry.objects.count()) == (1, 0, 0)


def test_a_refusal_is_not_seen_by_the_next_request(send, groups):
    send(name="Friends", motto="bad")
    assert groups.refusals == ()
    assert send(name="Friends", motto="good").status_code == 302


def test_an_invalid_form_never_reaches_the_verb(send, groups):
    assert send(name="", motto="together").context_data["adminform"].form.errors.keys() == {"name"}
    assert groups.calls == 0


def test_a_row_that_exists_is_saved_without_the_verb(send, groups):
    group = Group.objects.create(name="Friends")
    send(str(group.pk), name="Rivals")
    group.refresh_from_db()
    assert (group.name, groups.calls) == ("Rivals", 0)


class NoteForm(Dialog):
    note = forms.CharField()


class Asked(ModelAdmin):
    actions_detail = ["mark"]

    @action(
        description="Mark", permission="auth.change_group", icon="key", dialog=dialog("Mark", "It.", "Go", NoteForm)
    )
    def mark(self, request, form, object_id):
        note = form.cleaned_data["note"]
        if note == "again":
            return None
        if note != "good":
            raise Refused("Say it better.", field="note" if note == "bad" else "elsewhere")
        return HttpResponse(f"marked {object_id}")


@pytest.mark.parametrize(
    ("note", "shown", "hidden"),
    [
        ("good", "marked 7", "<form"),
        ("again", "<form", "Say it better."),
        ("bad", "Say it better.", "marked"),
        ("worse", "Say it better.", "marked"),
    ],
)
def test_a_dialog_stays_open_until_its_verb_has_done_it(rf, boss, note, shown, hidden):
    request = rf.post("/", {"note": note, "_form_submitted": "True"})
    request.user = boss
    answer = Asked(Group, site).mark(request, object_id="7").content.decode()
    assert shown in answer
    assert hidden not in answer
