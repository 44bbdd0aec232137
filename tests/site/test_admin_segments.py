"""A segment is made and changed on its page, which says what it means and whom it holds at this moment."""

import json

import pytest
from django.urls import reverse

from members.admin import segments as panels
from programs.models import Segment
from tests.support import factories
from tests.support.admin_forms import errors_of, form_of, page, save
from tests.support.segments import keep, segment

ADD = "/admin/programs/segment/add/"
FRENCH = {"language": {"languages": ["fr"]}}


@pytest.fixture
def desk(client, marketing):
    client.force_login(marketing)
    return client


@pytest.fixture
def made(db):
    return factories.program("club")


def add(desk, made, **fields):
    data = form_of(desk, ADD) | {"program": made.pk, "name": "Golden", "code": "golden"}
    return desk.post(ADD, data | fields)


def written(condition):
    # PostgreSQL keeps the names of an object in an order of its own.
    return json.dumps(condition, sort_keys=True)


def shown(response):
    return "\n".join(str(panel) for panel in response.context["panels"])


def test_simple_conditions_are_filled_in_and_kept_as_a_document_has_them(desk, made):
    response = add(
        desk,
        made,
        tier__group="main",
        tier__tiers="gold, silver",
        spent__days="365",
        spent__at_least="250.50",
        enrolled__last_day="2026-01-31",
    )
    assert response.status_code == 302
    assert Segment.objects.get().conditions == {
        "all": [
            {"tier": {"group": "main", "tiers": ["gold", "silver"]}},
            {"spent": {"days": 365, "at_least": "250.5"}},
            {"enrolled": {"last_day": "2026-01-31"}},
        ]
    }


def test_one_condition_alone_needs_no_all(desk, made):
    add(desk, made, language__languages="fr")
    assert Segment.objects.get().conditions == FRENCH


def test_what_is_combined_stands_beside_the_fields_as_json(desk, made):
    further = {"any": [{"tags": {"names": ["vip"]}}, {"not": {"spent": {"days": 30, "at_least": 12.5}}}]}
    add(desk, made, language__languages="fr", further=json.dumps(further))
    stored = Segment.objects.get()
    further["any"][1]["not"]["spent"]["at_least"] = "12.5"
    assert stored.conditions == {"all": [FRENCH, further]}
    data = form_of(desk, page(stored))
    assert data["language__languages"] == "fr"
    assert json.loads(data["further"]) == further


@pytest.mark.parametrize(
    "conditions",
    [
        FRENCH,
        {"any": [FRENCH, {"tags": {"names": ["vip"]}}]},
        {"all": [FRENCH, {"not": FRENCH}, {"language": {"languages": ["de"]}}]},
        {"all": [FRENCH, {"birthday_within": {"days": 0}}, {"consent": {"channel": "sms", "said": "given"}}]},
    ],
)
def test_a_page_that_is_saved_as_it_is_shown_changes_nothing(desk, made, conditions):
    row = segment(made, "some", conditions)
    assert save(desk, page(row)).status_code == 302
    row.refresh_from_db()
    held = row.conditions["all"] if "all" in conditions else [row.conditions]
    wanted = conditions.get("all", [conditions])
    assert sorted(map(written, held)) == sorted(map(written, wanted))


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"tier__group": "vip", "tier__tiers": "gold"}, "tier__group", "The program has no tier group “vip”"),
        ({"tier__group": "main", "tier__tiers": "tin"}, "tier__tiers", "The group has no tier “tin”"),
        ({"tier__group": "main"}, "tier__tiers", "Is missing"),
        ({"balance__currency": "miles", "balance__at_least": "1"}, "balance__currency", "has no currency “miles”"),
        ({"purchases__days": "0", "purchases__at_least": "1"}, "purchases__days", "A window has at least one day."),
        ({"purchases__days": "9"}, "purchases__days", "Say at_least, at_most, or both"),
        ({"spent__days": "9", "spent__at_least": "-1"}, "spent__at_least", "Must not be negative."),
        ({"home_store__stores": "nowhere"}, "home_store__stores", "has no store “nowhere”"),
        ({"segment__code": "other"}, "segment__code", "the program has no segment “other”"),
        ({"language__languages": "x" * 11}, "language__languages", "Each has at most 10 characters."),
        ({"further": "{"}, "further", "Write it as JSON: line 1"),
        ({"further": '{"any": []}'}, "further", "any: must be a list of at least one condition."),
        ({"further": '{"not": {"segment": {"code": "gone"}}}'}, "further", "the program has no segment “gone”"),
        ({"further": '{"any":[{"all":[{"not":{"any":[]}}]}]}'}, "further", "lies on level 4"),
        ({}, "__all__", "Say at least one condition"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_field(desk, made, fields, field, said):
    errors = errors_of(add(desk, made, **fields))
    assert list(errors) == [field]
    assert said.lower() in errors[field][0].lower()
    assert not Segment.objects.exists()


def test_a_circle_is_refused_with_the_way_round(desk, made):
    first = segment(made, "first", FRENCH)
    segment(made, "second", {"segment": {"code": "first"}})
    errors = errors_of(desk.post(page(first), form_of(desk, page(first)) | {"segment__code": "second"}))
    assert errors == {"segment__code": ["The segment would depend on itself: first → second → first."]}


def test_the_page_says_what_it_means_and_whom_it_holds_now(desk, made):
    ada = factories.member(made, language="fr", first_name="Ada")
    factories.member(made, language="en", first_name="Bob")
    row = segment(made, "french", FRENCH)
    segment(made, "others", {"not": {"segment": {"code": "french"}}})
    told = shown(desk.get(page(row)))
    assert "Members who speak fr." in told
    assert "It is a condition of: Others." in told
    assert "Tile(label='Members now', value='1', notes=['Of 2 in Club.']" in told
    assert ada.number in told
    assert "Bob" not in told
    assert "Tile(label='Looked up last', value='0'" in told
    keep(made, "french")
    assert "Tile(label='Looked up last', value='1'" in shown(desk.get(page(row)))


def test_in_a_large_program_the_page_counts_only_when_it_is_asked_to(desk, made, monkeypatch):
    monkeypatch.setattr(panels, "MOST_COUNTED", 1)
    for _ in range(2):
        factories.member(made, language="fr")
    row = segment(made, "french", FRENCH)
    assert "value='not counted'" in shown(desk.get(page(row)))
    assert "Tile(label='Members now', value='2'" in shown(desk.get(f"{page(row)}?count"))


def test_the_list_of_members_shows_those_of_a_segment(desk, made):
    ada, bob = factories.member(made, language="fr"), factories.member(made, language="en")
    row = segment(made, "french", FRENCH)
    keep(made, "french")
    address = reverse("admin:members_member_changelist")
    listed = desk.get(f"{address}?segment_memberships__segment__id__exact={row.pk}").content.decode()
    assert ada.number in listed
    assert bob.number not in listed


def test_the_page_of_a_member_tells_the_segments_with_since(desk, made):
    ada = factories.member(made, language="fr")
    segment(made, "french", FRENCH, description="For the letter in French.")
    keep(made, "french")
    told = shown(desk.get(reverse("admin:members_member_change", args=[ada.pk])))
    assert "For the letter in French." in told


def test_a_segment_that_others_are_made_of_cannot_be_deleted(admin_client, made):
    row = segment(made, "french", FRENCH)
    other = segment(made, "others", {"not": {"segment": {"code": "french"}}})
    delete = "admin:programs_segment_delete"
    assert admin_client.get(reverse(delete, args=[row.pk])).status_code == 403
    assert admin_client.get(reverse(delete, args=[other.pk])).status_code == 200


def test_store_staff_see_a_segment_and_cannot_change_it(client, store_staff, made):
    client.force_login(store_staff)
    row = segment(made, "french", FRENCH)
    assert "Members who speak fr." in shown(client.get(page(row)))
    assert client.post(page(row), {"name": "Other"}).status_code == 403
