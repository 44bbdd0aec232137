"""Nobody farms birthdays: by a new date, by a fresh one, by a merge, or by reporting one (semantics C22-R3)."""

from datetime import date, timedelta

import pytest
import time_machine

from members.models import Customer
from partners.activity import Activity, Occasion
from partners.models import Connection
from tests.support import factories
from tests.support.celebrating import born, celebrate, days_of, gift
from tests.support.factories import at, held
from tests.support.merging import join
from transactions.merging import unmerges
from transactions.models import Journal

DAY = date(2026, 3, 10)


def move(who, birthday, when):
    """Somebody says another birthday at that instant."""
    with time_machine.travel(when, tick=False):
        customer = Customer.objects.get(pk=who.customer_id)
        customer.birthday = birthday
        customer.save()


@pytest.mark.parametrize(("days", "given"), [(6, 0), (7, 1)])
def test_a_birthday_counts_when_it_has_been_on_file_for_seven_days(made, days, given):
    gift(made)
    who = born(made, "03-10", since=at(2026, 3, 10) - timedelta(days=days))
    done = celebrate(made, DAY)
    assert done["given"] == given == len(days_of(who))
    assert done.get("gift: birthday_too_new", 0) == 1 - given


def test_a_changed_birthday_gives_nothing_within_a_year_and_then_again(made):
    gift(made)
    who = born(made, "12-20")
    celebrate(made, date(2025, 12, 20))
    move(who, "01-05", at(2025, 12, 24))
    assert celebrate(made, date(2026, 1, 5)) == {"given": 0, "refused": 1, "gift: birthday_changed": 1}
    assert celebrate(made, date(2027, 1, 5))["given"] == 1
    assert days_of(who) == ["2025-12-20", "2027-01-05"]


def test_neither_does_it_by_another_rule_nor_by_a_lead(made):
    old = gift(made, "gift-2025")
    who = born(made, "12-20")
    celebrate(made, date(2025, 12, 20))
    move(who, "01-05", at(2025, 12, 22))
    old.is_active = False
    old.save()
    gift(made, "gift-2026", lead_days=3)
    done = celebrate(made, date(2026, 1, 2))
    assert done == {"given": 0, "refused": 1, "gift-2026: birthday_changed": 1}
    assert days_of(who) == ["2025-12-20"]


def test_who_goes_back_to_the_first_date_is_not_punished(made):
    gift(made)
    who = born(made, "12-20")
    celebrate(made, date(2025, 12, 20))
    move(who, "01-05", at(2025, 12, 24))
    move(who, "12-20", at(2025, 12, 26))
    assert celebrate(made, date(2026, 12, 20))["given"] == 1


def test_who_was_born_on_29_february_is_not_taken_for_somebody_who_changed_it(made):
    gift(made)
    who = born(made, "02-29")
    Customer.objects.filter(pk=who.customer_id).update(birthday_changed_at=at(2027, 1, 1))
    assert [celebrate(made, day)["given"] for day in (date(2027, 2, 28), date(2028, 2, 29))] == [1, 1]


def test_each_way_of_saying_a_birthday_notes_since_when_it_is_on_file(made):
    who = born(made, "03-10")
    for when, change in (
        (at(2026, 1, 1), {"birthday": "03-11"}),
        (at(2026, 1, 2), {"birth_date": date(1984, 3, 12)}),
        (at(2026, 1, 3), {"birth_date": None, "birthday": ""}),
        (at(2026, 1, 4), {"birthday": "03-10"}),
    ):
        with time_machine.travel(when, tick=False):
            customer = Customer.objects.get(pk=who.customer_id)
            for name, value in change.items():
                setattr(customer, name, value)
            customer.save(update_fields=list(change))
        customer = Customer.objects.get(pk=who.customer_id)
        assert customer.birthday_set_at == (when if customer.birthday else None)
    assert customer.birthday_changed_at == at(2026, 1, 3)
    customer.first_name = "Grace"
    customer.save()
    assert Customer.objects.get(pk=who.customer_id).birthday_set_at == at(2026, 1, 4)


def test_what_one_of_two_got_is_not_given_again_when_they_are_one(made):
    gift(made)
    source, target = born(made, "03-10"), born(made, "03-17")
    celebrate(made, DAY)
    with time_machine.travel(at(2026, 3, 12), tick=False):
        done = join(source, target)
    assert celebrate(made, date(2026, 3, 17)) == {"given": 0, "refused": 0}
    assert held(target) == 100
    with time_machine.travel(at(2026, 3, 20), tick=False):
        unmerges.unmerge(done)
    assert celebrate(made, DAY, now=at(2026, 3, 20)) == {"given": 0, "refused": 0}
    assert (held(source), held(target)) == (100, 0)


def test_what_both_got_for_one_year_is_flagged_when_they_are_merged(made):
    gift(made)
    source, target = born(made, "03-10"), born(made, "03-10")
    celebrate(made, DAY)
    celebrate(made, date(2027, 3, 10))
    with time_machine.travel(at(2027, 3, 12), tick=False):
        record = join(source, target).record
    assert record["flags"] == {"points": [{"rule": "gift", "points": 100}, {"rule": "gift", "points": 100}]}


@pytest.mark.parametrize("platform", [Connection.Platform.API, Connection.Platform.BACK_OFFICE, "import"])
@pytest.mark.parametrize("activity", ["birthday", "anniversary"])
@pytest.mark.parametrize("occasion", [None, Occasion(DAY, 0, "gift")])
def test_nobody_else_reports_an_occasion(made, who, platform, activity, occasion):
    gift(made, occasion=activity)
    item = Activity(kind=activity, external_id="a", member={"number": who.number}, occasion=occasion)
    [result] = factories.post(made, item, via=factories.till(made, Connection.Platform(platform)))
    assert (result.refusal.code, result.refusal.field) == ("activity_reserved", "activity")
    assert "given by the night" in result.refusal.detail
    assert not Journal.objects.filter(member=who).exists()


def test_not_even_the_timetable_reports_one_without_saying_why(made, who):
    item = Activity(kind="birthday", external_id="a", member={"number": who.number})
    [result] = factories.post(made, item, via=factories.till(made, Connection.Platform.TIMETABLE))
    assert result.refusal.code == "activity_reserved"
