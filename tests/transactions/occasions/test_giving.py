"""Points for birthdays and anniversaries: each once, on its own day, whatever happens in between."""

from datetime import date

import pytest
import time_machine

from loyalty_site import nightly
from members.models import Member
from tests.support import factories
from tests.support.celebrating import LONG_AGO, born, celebrate, days_of, gift
from tests.support.factories import at, held
from transactions.books.unit_of_work import Books
from transactions.models import Journal, NightRun
from transactions.occasions import giving
from transactions.proof.audit import audit

DAY = date(2026, 3, 10)


def names():
    return list(Journal.objects.filter(activity="birthday").order_by("pk").values_list("external_id", flat=True))


def test_a_birthday_gives_points_at_the_first_instant_of_the_day(made):
    rule = gift(made)
    ada, bob = born(made, "03-10"), born(made, "03-11")
    assert celebrate(made, DAY) == {"given": 1, "refused": 0, "gift: given": 1}
    assert (held(ada), held(bob)) == (100, 0)
    journal = Journal.objects.get(member=ada)
    assert journal.activity_at == at(2026, 3, 9, 23)
    assert journal.external_id == f"birthday-2026-{rule.code}-{ada.pk}"
    assert journal.connection.platform == "timetable"
    assert journal.trace["rules"][0]["rule"] == "gift"
    assert not list(audit(made))


def test_done_twice_it_gives_once_and_counts_once(made):
    gift(made)
    ada = born(made, "03-10")
    celebrate(made, DAY)
    assert celebrate(made, DAY) == {"given": 0, "refused": 0}
    assert held(ada) == 100
    assert celebrate(made, date(2027, 3, 10))["given"] == 1
    assert days_of(ada) == ["2026-03-10", "2027-03-10"]


def test_c22_x1_a_stopped_night_catches_up_and_gives_each_day_its_members_once(made):
    """C22-X1, with nights as they are run: the last good one is that in which 26 February began."""
    gift(made)
    with time_machine.travel(at(2026, 2, 26, 2), tick=False):
        list(nightly.night(made))
    people = {
        day: born(made, day) for day in ("02-26", "02-27", "02-28", "02-29", "03-01", "03-02", "03-03", "03-04")
    }
    with time_machine.travel(at(2026, 3, 3, 2), tick=False):
        list(nightly.night(made))
        list(nightly.night(made))
    given = {day: days_of(who) for day, who in people.items()}
    assert given == {
        "02-26": [],
        "02-27": ["2026-02-27"],
        "02-28": ["2026-02-28"],
        "02-29": ["2026-02-28"],
        "03-01": ["2026-03-01"],
        "03-02": ["2026-03-02"],
        "03-03": ["2026-03-03"],
        "03-04": [],
    }
    counts = dict(NightRun.objects.filter(step="occasions").values_list("day", "counts"))
    assert [counts[date(2026, 2, 26)]["given"], counts[date(2026, 2, 27)]["given"]] == [1, 2]
    assert not list(audit(made))


@pytest.mark.parametrize(
    ("leap_day", "common", "leap"), [("02-28", "2027-02-28", "2028-02-29"), ("03-01", "2027-03-01", "2028-02-29")]
)
def test_who_was_born_on_29_february_is_given_on_the_day_that_the_rule_chose(made, leap_day, common, leap):
    gift(made, leap_day=leap_day)
    who = born(made, "02-29")
    for year in (2027, 2028):
        for day in (date(year, 2, 28), date.fromisoformat(leap), date(year, 3, 1)):
            celebrate(made, day)
    assert days_of(who) == [common, leap]


def test_a_lead_gives_days_before_and_counts_for_the_year_of_the_day_itself(made):
    gift(made, lead_days=7)
    who = born(made, "01-03")
    assert celebrate(made, date(2026, 12, 27))["given"] == 1
    assert Journal.objects.get(member=who).external_id.startswith("birthday-2027-gift-")
    assert celebrate(made, date(2027, 1, 3))["given"] == 0
    assert days_of(who) == ["2026-12-27"]


def test_a_lead_that_is_changed_gives_nobody_the_same_year_twice(made):
    rule = gift(made, lead_days=7)
    who = born(made, "03-17")
    celebrate(made, DAY)
    rule.params |= {"lead_days": 0}
    rule.save()
    assert celebrate(made, date(2026, 3, 17)) == {"given": 0, "refused": 0}
    assert days_of(who) == ["2026-03-10"]


def test_anniversaries_begin_after_a_year_and_may_be_chosen(made):
    gift(made, occasion="anniversary", years="1, 5, 10")
    who = born(made, "", enrolled_at=at(2021, 3, 9, 23, 30))
    days = [date(year, 3, 10) for year in range(2021, 2033)]
    for day in days:
        celebrate(made, day)
    assert days_of(who) == ["2022-03-10", "2026-03-10", "2031-03-10"]
    assert Journal.objects.filter(member=who).latest("pk").payload["occasion"]["years"] == 10


def test_a_day_of_enrolment_stays_where_the_program_moves_to_another_zone(made):
    gift(made, occasion="anniversary")
    who = born(made, "", enrolled_at=at(2020, 12, 31, 23, 30))
    assert who.enrolled_on_day == "01-01"
    made.time_zone = "America/New_York"
    made.save()
    assert celebrate(made, date(2026, 1, 1))["given"] == 1
    assert Journal.objects.get(member=who).payload["occasion"]["years"] == 5


def test_rules_of_one_group_compete_and_groups_add_up(made):
    gift(made, "all", points="100", group="birthday")
    gift(made, "gold", points="500", group="birthday", conditions={"tiers": ["gold"]})
    gift(made, "more", points="7", group="more")
    plain, golden = born(made, "03-10"), born(made, "03-10")
    golden_tier = made.tier_groups.get().tiers.get(code="gold")
    golden.standings.update(tier=golden_tier)
    done = celebrate(made, DAY)
    assert (done["all + gold: given"], done["more: given"]) == (2, 2)
    # 500 and 7, each half as much again for Gold.
    assert (held(plain), held(golden)) == (107, 760)


def test_of_one_group_nobody_gets_a_second_rule_on_another_day(made):
    gift(made, "early", points="100", group="birthday", lead_days=7)
    gift(made, "late", points="500", group="birthday")
    who = born(made, "03-17")
    celebrate(made, DAY)
    assert celebrate(made, date(2026, 3, 17))["late: given_by_the_group"] == 1
    assert held(who) == 100


def test_a_multiplier_and_a_cap_apply_as_to_other_rules(made):
    gift(made, points="1000")
    who = born(made, "03-10")
    who.standings.update(tier=made.tier_groups.get().tiers.get(code="gold"))
    currency = made.currencies.get(code="points")
    currency.max_balance = 1200
    currency.save()
    celebrate(made, DAY)
    assert held(who) == 1200
    assert Journal.objects.get(member=who).trace["rules"][0]["multiplied_by"][0]["factor"] == "1.5"


def test_it_is_reversed_like_any_other_and_not_given_anew(made):
    gift(made)
    who = born(made, "03-10")
    celebrate(made, DAY)
    factories.post_one(made, factories.reversal(Journal.objects.get(member=who).pk))
    assert held(who) == 0
    assert celebrate(made, DAY) == {"given": 0, "refused": 0}


def test_who_is_not_active_is_refused_and_who_enrolled_later_is_not_asked(made):
    gift(made)
    born(made, "03-10", enrolled_at=at(2026, 3, 11))
    paused = born(made, "03-10")
    Member.objects.filter(pk=paused.pk).update(status="suspended")
    assert celebrate(made, DAY) == {"given": 0, "refused": 1, "gift: member_not_active": 1}


def test_who_enrols_on_the_birthday_is_given_where_the_day_was_known_before(made):
    gift(made)
    known = born(made, "03-10", enrolled_at=at(2026, 3, 10, 9))
    born(made, "03-10", enrolled_at=at(2026, 3, 10, 9), since=at(2026, 3, 10, 9))
    done = celebrate(made, DAY, now=at(2026, 3, 11))
    assert done == {"given": 1, "refused": 1, "gift: given": 1, "gift: birthday_too_new": 1}
    assert held(known) == 100


def test_a_program_that_is_paused_gives_nothing(made):
    gift(made)
    born(made, "03-10")
    made.status = "paused"
    made.save()
    assert celebrate(made, DAY) == {"given": 0, "refused": 0}
    assert giving.work(made.pk, DAY, list(Member.objects.values_list("pk", flat=True)), at(2026, 3, 10)) == {}


def test_what_no_rule_pays_for_is_counted_so(made):
    gift(made, conditions={"tiers": ["gold"]})
    born(made, "03-10")
    assert celebrate(made, DAY) == {"given": 0, "refused": 1, "gift: no_points": 1}


def test_a_stop_between_batches_leaves_the_rest_to_the_next_attempt(made):
    gift(made)
    people = [born(made, "03-10") for _ in range(5)]
    first = giving.find(made.pk, DAY)[:4]
    assert giving.work(made.pk, DAY, first, at(2026, 3, 10))["given"] == 4
    assert celebrate(made, DAY) == {"given": 1, "refused": 0, "gift: given": 1}
    assert [held(who) for who in people] == [100] * 5


def test_one_member_who_cannot_be_posted_stops_nobody_else(made, monkeypatch):
    gift(made)
    ada, bob = born(made, "03-10"), born(made, "03-10")
    add_line = Books.add_line

    def broken(books, account, *rest):
        if account.id == ada.pk:
            raise RuntimeError("planted")
        return add_line(books, account, *rest)

    monkeypatch.setattr(Books, "add_line", broken)
    assert celebrate(made, DAY) == {"given": 1, "refused": 1, "gift: given": 1, "gift: failed": 1}
    assert (held(ada), held(bob)) == (0, 100)


def test_other_programs_of_a_person_are_left_alone(made):
    gift(made)
    other = factories.program()
    who = born(made, "03-10")
    guest = factories.enrol(other, who.customer, channel="store", enrolled_at=LONG_AGO)
    celebrate(made, DAY)
    celebrate(other, DAY)
    assert (held(who), held(guest)) == (100, 0)
