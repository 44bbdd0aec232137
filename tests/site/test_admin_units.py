"""Caps, thresholds and limits are typed and shown in the unit that they count, and kept in its smallest one."""

import pytest
from django.urls import reverse

from loyalty_site import staff
from members.models import Relation
from programs.models import Cap, Currency, StaffLimit, Tier, TierGroup
from tests.support import factories
from tests.support.admin_forms import all_errors, errors_of, form_of, page, save


@pytest.fixture
def made(db):
    """Points with two decimals, qualifying points with one; euros have two, and a point costs a cent."""
    staff.make_groups()
    made = factories.program("alpine", name="Alpine Club")
    made.currencies.filter(code="points").update(decimals=2, cost_per_point="0.01")
    made.currencies.filter(code="status").update(decimals=1)
    made.touch(made.pk)
    Tier.objects.filter(code="silver").update(threshold=5005)
    Tier.objects.filter(code="gold").update(threshold=10000)
    return made


@pytest.fixture
def desk(client, marketing):
    client.force_login(marketing)
    return client


@pytest.fixture
def points(made):
    return made.currencies.get(code="points")


def add_cap(client, made, **fields):
    address = reverse("admin:programs_cap_add")
    points = made.currencies.get(code="points").pk
    own = {"program": str(made.pk), "name": "Day", "code": "day", "currency": str(points)}
    return client.post(address, form_of(client, address) | own | fields)


@pytest.mark.parametrize(
    ("measure", "typed", "kept", "shown"),
    [
        ("points", "12.50", 1250, "12.50"),
        ("points", "500", 50000, "500.00"),
        ("money", "20", 2000, "20.00"),
        ("money", "0.05", 5, "0.05"),
        ("uses", "3", 3, "3"),
    ],
)
def test_a_cap_is_typed_in_what_it_counts(desk, made, measure, typed, kept, shown):
    response = add_cap(desk, made, measure=measure, limit=typed)
    assert response.status_code == 302, errors_of(response)
    cap = Cap.objects.get()
    assert cap.limit == kept
    assert form_of(desk, page(cap))["limit"] == shown
    assert save(desk, page(cap), name="Daily").status_code == 302
    cap.refresh_from_db()
    assert (cap.name, cap.limit) == ("Daily", kept)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"limit": "12.505"}, "At most 2 decimals"),
        ({"limit": "1.5", "measure": "uses"}, "whole number"),
        ({"limit": "12.345", "measure": "money"}, "At most 2 decimals"),
        ({"limit": "1,000"}, "no thousands separator"),
        ({"limit": "1e3"}, "plain decimal number"),
        ({"limit": "0"}, "gives nothing to anybody"),
        ({"limit": "-5"}, "gives nothing to anybody"),
        ({"limit": ""}, "required"),
        ({"limit": "9" * 20}, "is possible here"),
    ],
)
def test_a_wrong_limit_is_refused_at_its_field(desk, made, fields, said):
    errors = errors_of(add_cap(desk, made, **fields))
    assert said in str(errors["limit"])
    assert not Cap.objects.exists()


def test_without_a_currency_only_the_currency_is_asked_for(desk, made):
    assert set(errors_of(add_cap(desk, made, currency="", limit="5.00"))) == {"currency"}


def test_another_measure_means_the_same_text_in_another_unit(desk, made, points):
    cap = Cap.objects.create(program=made, code="day", name="Day", currency=points, limit=1250)
    assert "limit" in errors_of(save(desk, page(cap), measure="uses"))
    assert save(desk, page(cap), measure="money").status_code == 302
    cap.refresh_from_db()
    assert (cap.measure, cap.limit) == ("money", 1250)


def test_a_foreign_money_without_minor_units_takes_whole_numbers(desk, db):
    made = factories.program("tokyo", money="JPY")
    made.currencies.filter(code="points").update(cost_per_point="1")
    assert "whole number" in str(errors_of(add_cap(desk, made, measure="money", limit="10.50"))["limit"])
    assert add_cap(desk, made, measure="money", limit="1000").status_code == 302
    assert Cap.objects.get().limit == 1000


def test_thresholds_are_shown_and_taken_in_points_on_the_page_of_the_program(desk, made):
    place = "tier_groups-0-tiers-1-threshold"
    assert form_of(desk, page(made))[place] == "500.5"
    assert save(desk, page(made)).status_code == 302
    assert Tier.objects.get(code="silver").threshold == 5005
    assert save(desk, page(made), tier_groups__0__tiers__1__threshold="600").status_code == 302
    assert Tier.objects.get(code="silver").threshold == 6000
    response = save(desk, page(made), tier_groups__0__tiers__1__threshold="600.25")
    assert "At most 1 decimals" in all_errors(response)
    response = save(desk, page(made), tier_groups__0__tiers__2__threshold="400")
    assert "Must be more than the 600.0 of the tier below it" in all_errors(response)


def test_a_ladder_of_a_new_group_is_taken_in_the_unit_of_its_currency(desk, made):
    miles = Currency.objects.create(program=made, code="miles", name="Miles", kind="qualifying", decimals=2)
    data = form_of(desk, page(made)) | {"tier_groups-TOTAL_FORMS": "2"}
    group = "tier_groups-1-"
    data |= {f"{group}name": "Fliers", f"{group}code": "fliers", f"{group}currency": str(miles.pk)}
    data |= {f"{group}model": "lifetime", f"{group}match": "any", f"{group}validity": "none"}
    data |= {f"{group}on_end": "to_earned", f"{group}program": str(made.pk), f"{group}id": ""}
    tiers = f"{group}tiers-"
    data |= {f"{tiers}TOTAL_FORMS": "1", f"{tiers}INITIAL_FORMS": "0"}
    tier = {"sequence": "1", "name": "Blue", "code": "blue", "threshold": "7.25", "multiplier": "1"}
    tier |= {"extension_months": "0", "colour": "#112233", "id": "", "group": ""}
    data |= {f"{tiers}0-{name}": value for name, value in tier.items()}
    response = desk.post(page(made), data)
    assert response.status_code == 302, all_errors(response)
    assert TierGroup.objects.get(code="fliers").tiers.get().threshold == 725


def test_thresholds_have_their_unit_on_pages_and_in_lists_of_their_own(desk, made):
    gold = Tier.objects.get(code="gold")
    assert form_of(desk, page(gold))["threshold"] == "1000.0"
    assert save(desk, page(gold), threshold="1200.5").status_code == 302
    gold.refresh_from_db()
    assert gold.threshold == 12005
    assert "Must be more than the 500.5" in str(errors_of(save(desk, page(gold), threshold="500"))["threshold"])
    listed = desk.get(reverse("admin:programs_tier_changelist")).content.decode()
    assert "1200.5" in listed
    assert "12005" not in listed


def test_staff_limits_are_typed_in_points(desk, made, points):
    group = staff.Group.objects.get(name=staff.STORE)
    address = reverse("admin:programs_stafflimit_add")
    own = {"program": str(made.pk), "group": str(group.pk), "currency": str(points.pk)}
    sent = form_of(desk, address) | own
    assert "At most 2 decimals" in str(errors_of(desk.post(address, sent | {"per_posting": "1.234", "per_day": "5"})))
    assert desk.post(address, sent | {"per_posting": "12.50", "per_day": "20"}).status_code == 302
    limit = StaffLimit.objects.get()
    assert (limit.per_posting, limit.per_day) == (1250, 2000)
    assert str(limit) == f"{group}: 12.50 at once, 20.00 a day"
    shown = form_of(desk, page(made))
    assert (shown["staff_limits-0-per_posting"], shown["staff_limits-0-per_day"]) == ("12.50", "20.00")
    assert save(desk, page(made), staff_limits__0__per_day="30").status_code == 302
    limit.refresh_from_db()
    assert (limit.per_posting, limit.per_day) == (1250, 3000)


def test_what_a_currency_allows_is_typed_in_points(desk, made, points):
    Currency.objects.filter(pk=points.pk).update(min_spend=100, max_balance=100000)
    shown = form_of(desk, page(points))
    assert (shown["min_spend"], shown["max_balance"], shown.get("max_spend")) == ("1.00", "1000.00", None)
    assert save(desk, page(points), max_spend="250.5", max_balance="").status_code == 302
    points.refresh_from_db()
    assert (points.min_spend, points.max_spend, points.max_balance) == (100, 25050, None)
    assert "spend_step" in errors_of(save(desk, page(points), spend_step="0.001"))
    # Of the decimals that are typed, not of those that were.
    assert save(desk, page(points), decimals="1", spend_step="0.1", transfer_min="1").status_code == 302
    points.refresh_from_db()
    assert (points.decimals, points.max_spend) == (1, 2505)


def test_what_a_member_may_spend_of_a_group_is_typed_in_points_of_the_program(desk, made):
    buyer, firm = factories.member(made), factories.member(made, kind="company", company_name="Ropes")
    address = reverse("admin:members_relation_add")
    typed = {"member": str(buyer.pk), "group": str(firm.pk), "daily_limit": "12.5"}
    assert desk.post(address, form_of(desk, address) | typed).status_code == 302
    relation = Relation.objects.get()
    assert relation.daily_limit == 1250
    address = reverse("admin:members_relation_change", args=[relation.pk])
    assert form_of(desk, address)["daily_limit"] == "12.50"
    assert "daily_limit" in errors_of(save(desk, address, daily_limit="0.001"))
    assert save(desk, address, daily_limit="7").status_code == 302
    relation.refresh_from_db()
    assert relation.daily_limit == 700


def test_who_may_only_read_sees_the_same_units(client, store_staff, made, points):
    cap = Cap.objects.create(program=made, code="day", name="Day", currency=points, limit=123450)
    group = staff.Group.objects.get(name=staff.STORE)
    limit = StaffLimit.objects.create(program=made, group=group, currency=points, per_posting=6789, per_day=98760)
    Currency.objects.filter(pk=points.pk).update(max_balance=7654321)
    client.force_login(store_staff)
    for row, shown, raw in (
        (cap, "1234.50", "123450"),
        (Tier.objects.get(code="silver"), "500.5", "5005"),
        (limit, "67.89", "6789"),
        (made, "500.5", "5005"),
        (made, "987.60", "98760"),
        (points, "76543.21", "7654321"),
    ):
        content = client.get(page(row)).content.decode()
        assert shown in content
        assert f">{raw}<" not in "".join(content.split())


def test_milestones_are_typed_in_points_and_kept_in_the_smallest_unit(desk, made, points):
    assert save(desk, page(points), milestones="500, 1000.5").status_code == 302
    points.refresh_from_db()
    assert points.milestones == "50000, 100050"
    assert form_of(desk, page(points))["milestones"] == "500.00, 1000.50"
    assert "milestones" in errors_of(save(desk, page(points), milestones="500, many"))
    assert "milestones" in errors_of(save(desk, page(points), milestones="1000, 500"))
    points.refresh_from_db()
    assert points.milestones == "50000, 100050"
    assert save(desk, page(points), milestones="").status_code == 302
    points.refresh_from_db()
    assert points.milestones == ""
