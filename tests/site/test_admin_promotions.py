"""Marketing makes, watches, stops and copies promotions in the back office, without a document."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from members import promotions as enrolling
from programs import promotion_codes, promotion_states
from programs.models import Cap, Promotion, PromotionCode, Rule, Segment
from tests.support import factories
from tests.support.admin_forms import errors_of, form_of, page, save
from tests.support.promoting import buy, day, earned, given, promotion

ADD = "/admin/programs/promotion/add/"
LIST = "/admin/programs/promotion/"


@pytest.fixture
def plain(club):
    """It gives a point for each unit of money."""
    return club


@pytest.fixture
def desk(client, marketing):
    client.force_login(marketing)
    return client


@pytest.fixture
def spring(plain):
    return promotion(plain)


def shown(response):
    return "\n".join(str(panel) for panel in response.context["panels"])


def dialog(client, row, action, **data):
    """The answer to a dialog that is sent with `data`; to its button where there is none."""
    sent = {"_form_submitted": "on"} | data if data else {}
    return client.post(reverse(f"admin:programs_promotion_{action}", args=[row.pk]), sent)


def add(desk, made, **fields):
    data = form_of(desk, f"{ADD}?program={made.pk}") | {"program": made.pk, "name": "Spring", "code": "spring"}
    return desk.post(f"{ADD}?program={made.pk}", data | fields)


def test_a_promotion_is_made_with_the_conditions_of_rules_and_then_gives(desk, plain, ada):
    response = add(desk, plain, when_channels="web", description="Ten more", starts_on=str(day(-1)))
    assert response.status_code == 302
    made = Promotion.objects.get()
    assert (made.conditions, made.starts_on) == ({"channels": ["web"]}, day(-1))
    to = dialog(desk, made, "add_gift")
    assert to.status_code == 302
    data = form_of(desk, to.url)
    assert (data["program"], data["promotion"], data["group"]) == (str(plain.pk), str(made.pk), "spring")
    assert data["currency"] == str(plain.currencies.get(is_primary=True).pk)
    data |= {"name": "Ten", "code": "ten", "kind": "fixed"}
    assert desk.post(to.url, data | {"fixed_points": "10", "fixed_events": "purchase"}).status_code == 302
    assert Rule.objects.get(code="ten").promotion == made
    plain.refresh_from_db()
    assert earned(buy(plain, ada, channel="web")) == 110
    assert earned(buy(plain, ada, channel="shop")) == 100
    said = shown(desk.get(page(made)))
    assert "Running. It runs: from" in said
    assert "Ten" in said


def test_what_is_wrong_stands_at_its_field_and_nothing_is_saved(desk, plain):
    wrong = {"ends_on": str(day(-2)), "starts_on": str(day(-1)), "holdout_percent": "51", "when_hours": "7-25"}
    found = errors_of(add(desk, plain, **wrong))
    assert {"ends_on", "holdout_percent", "when_hours"} <= found.keys()
    assert not Promotion.objects.exists()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, promotion_states.RUNNING),
        ({"is_active": False}, promotion_states.OFF),
        ({"starts_on": day(3)}, promotion_states.UPCOMING),
        ({"ends_on": day(-3)}, promotion_states.ENDED),
        ({"stopped_from": timezone.now() - timedelta(minutes=1)}, promotion_states.STOPPED),
        ({"stopped_from": timezone.now() + timedelta(days=1)}, promotion_states.RUNNING),
        ({"is_active": False, "ends_on": day(-3)}, promotion_states.OFF),
    ],
)
def test_the_list_says_and_finds_how_it_stands(desk, plain, fields, expected):
    promotion(plain, **fields)
    for state in promotion_states.WORDS:
        rows = desk.get(LIST, {"state": state}).context["cl"].result_list
        assert [row.code for row in rows] == (["spring"] if state == expected else [])
    assert promotion_states.WORDS[expected] in desk.get(LIST).content.decode()


def test_one_that_gives_nothing_yet_is_a_draft(desk, plain):
    made = Promotion.objects.create(program=plain, code="new", name="New")
    assert promotion_states.state(made, timezone.now()) == promotion_states.DRAFT
    assert "Nothing yet: add what it gives." in shown(desk.get(page(made)))


def test_the_page_and_the_list_say_what_it_gave_to_whom_and_what_that_cost(desk, plain, ada, spring):
    plain.currencies.filter(code="points").update(cost_per_point="0.01")
    add_limit(desk, spring, limit="200")
    buy(plain, ada)
    buy(plain, ada)
    said = shown(desk.get(page(spring)))
    assert "Tile(label='Uses', value='2'" in said
    assert "Tile(label='Members', value='1'" in said
    assert f"value='1.00 {plain.money}'" in said
    assert "100 Points of 200 Points used (50 %)" in said
    text = desk.get(LIST).content.decode()
    assert "100 Points of 200 Points (50 %)" in text


def add_limit(desk, row, **fields):
    to = dialog(desk, row, "add_limit")
    data = form_of(desk, to.url)
    assert (data["promotion"], data["scope"], data["period"]) == (str(row.pk), "program", "ever")
    points = row.program.currencies.get(code="points").pk
    response = desk.post(to.url, data | {"name": "Budget", "code": "budget", "currency": points} | fields)
    assert response.status_code == 302
    return Cap.objects.get(code="budget")


def test_money_of_a_budget_is_shown_as_money(desk, plain, ada, spring):
    plain.currencies.filter(code="points").update(cost_per_point="0.01")
    add_limit(desk, spring, measure="money", limit="2.00")
    plain.refresh_from_db()
    buy(plain, ada)
    assert f"0.50 {plain.money} of Points of 2.00 {plain.money} of Points used (25 %)" in shown(
        desk.get(page(spring))
    )


def test_a_stop_asks_for_a_reason_and_holds_from_that_moment(desk, plain, ada, spring):
    assert dialog(desk, spring, "stop_now").status_code == 200
    spring.refresh_from_db()
    assert spring.stopped_from is None
    assert dialog(desk, spring, "stop_now", reason="Wrong price").status_code == 200
    spring.refresh_from_db()
    assert spring.history.first().history_change_reason == "Stopped: Wrong price"
    plain.refresh_from_db()
    assert earned(buy(plain, ada, activity_at=timezone.now())) == 100
    assert "gives nothing by it, whenever it is reported" in shown(desk.get(page(spring)))


def test_a_stopped_one_can_be_resumed_and_not_stopped_twice(desk, plain, ada, spring):
    dialog(desk, spring, "stop_now", reason="Wrong price")
    assert "is stopped already" in dialog(desk, spring, "stop_now", reason="Again").content.decode()
    dialog(desk, spring, "resume", reason="Right again")
    spring.refresh_from_db()
    assert spring.stopped_from is None
    assert "is not stopped" in dialog(desk, spring, "resume", reason="Again").content.decode()
    plain.refresh_from_db()
    assert earned(buy(plain, ada, activity_at=timezone.now())) == 150


def test_a_copy_has_rules_and_limits_of_its_own_and_is_off(desk, plain, ada, spring):
    add_limit(desk, spring, limit="60")
    rule = spring.rules.get()
    points = plain.currencies.get(code="points")
    Cap.objects.create(program=plain, code="spring-once", name="Once", currency=points, rule=rule, limit=1)
    buy(plain, ada)
    assert dialog(desk, spring, "duplicate", name="Summer", code="summer").status_code == 200
    copy = Promotion.objects.get(code="summer")
    assert (copy.is_active, copy.name, copy.stopped_from) == (False, "Summer", None)
    own = copy.rules.get()
    assert (own.code, own.group, own.params, own.version) == ("summer", "summer", rule.params, 1)
    assert {(cap.code, cap.promotion_id, cap.rule_id) for cap in plain.caps.exclude(code="budget")} == {
        ("spring-once", None, rule.pk),
        ("summer-budget", copy.pk, None),
        ("summer-once", None, own.pk),
    }
    assert desk.get(page(copy)).status_code == 200
    assert given("summer") == 0


@pytest.mark.parametrize(("code", "words"), [("spring", "already has a promotion with this code"), ("a b", "valid")])
def test_a_copy_needs_a_code_of_its_own(desk, spring, code, words):
    assert words in dialog(desk, spring, "duplicate", name="Summer", code=code).content.decode()
    assert Promotion.objects.count() == 1


def test_one_that_gave_something_is_switched_off_and_not_deleted(client, admin_user, plain, ada, spring):
    client.force_login(admin_user)
    address = reverse("admin:programs_promotion_delete", args=[spring.pk])
    assert client.get(address).status_code == 200
    buy(plain, ada)
    assert client.get(address).status_code == 403
    assert "switch it off instead" in shown(client.get(page(spring)))


def test_codes_are_pasted_uploaded_made_and_downloaded(desk, plain, spring):
    spring.uses_per_code = 1
    spring.save()
    assert "asks for a code and has none" in shown(desk.get(page(spring)))
    address = reverse("admin:programs_promotion_codes", args=[spring.pk])
    assert desk.post(address, {"add": "yes", "pasted": "a\nb\nA"}).status_code == 302
    file = SimpleUploadedFile("codes.txt", b"B\r\nC\r\n")
    said = desk.post(address, {"add": "yes", "file": file}, follow=True).content.decode()
    assert "New codes: 1. Codes of the promotion already: line 1 (B)." in said
    assert desk.post(address, {"make": "yes", "number": "5", "begins_with": "x-"}).status_code == 302
    assert PromotionCode.objects.filter(code__startswith="X-").count() == 5
    PromotionCode.objects.filter(code="A").update(used=1)
    response = desk.get(reverse("admin:programs_promotion_unused_codes", args=[spring.pk]))
    assert b"".join(response.streaming_content).decode().splitlines()[:3] == ["code", "B", "C"]
    assert "8 codes, of which 1 were used." in shown(desk.get(page(spring)))


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({"add": "yes"}, "pasted", "Paste codes, or choose a file with them."),
        ({"add": "yes", "pasted": f"A\n{'x' * 65}"}, "pasted", "Line 2: "),
        ({"add": "yes", "file": b"A\n\xff\n"}, "file", "not in UTF-8"),
        ({"add": "yes", "pasted": "A", "file": b"B"}, "file", "not both"),
        ({"make": "yes"}, "number", "Say how many."),
        ({"make": "yes", "number": "1000001"}, "number", "less than or equal to 1000000"),
        ({"make": "yes", "number": "1", "begins_with": "a b"}, "begins_with", "letters, digits and hyphens"),
    ],
)
def test_codes_that_cannot_be_are_said_at_their_field_and_none_is_taken(desk, spring, data, field, words):
    sent = {name: SimpleUploadedFile("c.txt", one) if name == "file" else one for name, one in data.items()}
    response = desk.post(reverse("admin:programs_promotion_codes", args=[spring.pk]), sent)
    assert words in " ".join(response.context["form"].errors[field])
    assert not PromotionCode.objects.exists()


def test_who_has_enrolled_is_counted_and_listed(desk, plain, ada, spring):
    spring.opt_in = True
    spring.save()
    enrolling.enrol(ada, spring, now=timezone.now())
    panel = next(one for one in desk.get(page(spring)).context["panels"] if getattr(one, "title", "") == "Enrolled")
    assert list(panel.rows) == [["1", "0"]]
    text = desk.get(panel.more[1]).content.decode()
    assert ada.number in text or str(ada) in text


def test_rules_and_caps_offer_promotions_of_their_program_only(desk, plain, spring):
    other = promotion(factories.program("other"), "alien")
    rule = spring.rules.get()
    assert promotions_of(desk, page(rule)) == {spring}
    assert promotions_of(desk, f"{reverse('admin:programs_cap_add')}?program={plain.pk}") == {spring}
    assert "promotion" in errors_of(save(desk, page(rule), promotion=str(other.pk)))
    assert "What" in desk.get(page(rule)).content.decode()
    assert "the promotion “Spring” gives" in shown(desk.get(page(rule)))


def promotions_of(desk, address):
    return set(desk.get(address).context["adminform"].form.fields["promotion"].queryset)


def test_the_list_of_rules_shows_those_of_one_promotion(desk, plain, spring):
    address = reverse("admin:programs_rule_changelist")
    rows = desk.get(address, {"promotion__id__exact": spring.pk}).context["cl"].result_list
    assert [rule.code for rule in rows] == ["spring"]


def test_the_program_lists_its_promotions_and_leads_to_new_ones(desk, plain, spring):
    text = desk.get(page(plain)).content.decode()
    assert page(spring) in text
    to = desk.get(reverse("admin:programs_program_add_promotion", args=[plain.pk]))
    assert to.url == f"{ADD}?program={plain.pk}"


def test_store_staff_see_promotions_and_change_nothing(client, store_staff, plain, spring):
    client.force_login(store_staff)
    promotion_codes.take(spring, ["SECRET-1"])
    assert client.get(page(spring)).status_code == 200
    for name in ("stop_now", "resume", "duplicate", "add_gift", "add_limit"):
        assert dialog(client, spring, name, reason="No").status_code == 403
    for name in ("codes", "unused_codes"):
        assert client.get(reverse(f"admin:programs_promotion_{name}", args=[spring.pk])).status_code == 403
    assert client.get(ADD).status_code == 403


@pytest.mark.parametrize(
    "conditions",
    [
        {"promotion_enrolled": {"promotions": ["spring"]}},
        {"any": [{"tags": {"names": ["vip"]}}, {"not": {"promotion_used": {"code": "spring"}}}]},
    ],
)
def test_a_promotion_that_a_segment_asks_for_stays(desk, plain, spring, conditions):
    Segment.objects.create(program=plain, code="spring_fans", name="Spring fans", conditions=conditions)
    delete = reverse("admin:programs_promotion_delete", args=[spring.pk])
    assert desk.post(delete, {"post": "yes"}).status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": [spring.pk], "post": "yes"}
    desk.post(reverse("admin:programs_promotion_changelist"), bulk)
    assert Promotion.objects.filter(pk=spring.pk).exists()
