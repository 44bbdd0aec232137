"""Downgrades that wait: one person agrees to a night's list, all of it or with exceptions, and to nobody else."""

from datetime import date

import pytest
from django.contrib.auth.models import Permission

from members.models import Member
from tests.support import factories, foreseeing
from tests.support.factories import at, post_one, purchase
from transactions.models import DowngradeDecision
from transactions.proof.audit import audit
from transactions.reviews import downgrades, lowering
from transactions.reviews.shown import pack, unpack
from transactions.verbs.adjustments import ReasonMissing

LIST = date(2028, 1, 1)
NIGHT = at(2028, 1, 1, 1)
MORNING = at(2028, 1, 1, 9)


@pytest.fixture
def group(made):
    return foreseeing.set_up(made, model="calendar", validity="rest_of_cycle", holds_downgrades=True, late_window=0)


@pytest.fixture
def members(made, group):
    """Three who were gold in 2027 by what they did in 2026, with 0, 600 and 990 points of 2027; they wait."""
    found = [factories.member(made, enrolled_at=at(2024, 3, 3)) for _ in range(3)]
    for who in found:
        spend(made, who, 1000, at(2026, 6, 1))
    foreseeing.night(made, at(2027, 1, 1, 1))
    for who, euros in zip(found[1:], [600, 990], strict=True):
        spend(made, who, euros, at(2027, 6, 1))
    foreseeing.night(made, NIGHT)
    return found


def spend(made, who, euros, when):
    post_one(made, purchase(who, euros * 100, activity_at=when), now=when)


def shown(group, day=LIST):
    return list(downgrades.on_list(group, day).values_list("pk", flat=True))


def decide(group, user, *, seen=None, excepted=None, day=LIST, now=MORNING):
    seen = shown(group, day) if seen is None else seen
    made = downgrades.decide(group, day, user=user, shown=seen, excepted=excepted or {}, now=now)
    return downgrades.advance(made, now=now)


def held(who):
    return who.standings.current().select_related("tier").get()


def codes(members):
    return [held(who).tier.code for who in members]


def test_nobody_is_lowered_before_somebody_agrees(group, members):
    assert codes(members) == ["gold"] * 3
    assert downgrades.lists(group) == [downgrades.Waiting(LIST, 3)]
    proposed = downgrades.on_list(group, LIST).values_list("proposed__code", flat=True)
    assert list(proposed) == ["base", "silver", "silver"]


def test_all_on_the_list_are_lowered_from_the_instant_of_the_decision(group, members, boss):
    done = decide(group, boss)
    assert codes(members) == ["base", "silver", "silver"]
    one = held(members[1])
    assert (one.from_at, one.reason, one.note) == (MORNING, "downgrade", "Agreed to by boss")
    assert one.valid_until == at(2028, 12, 31, 23)
    assert (done.counts["lowered"], done.finished_at, done.shown) == (3, MORNING, "")
    assert not downgrades.lists(group)


def test_who_is_excepted_keeps_the_tier_as_if_renewed_with_the_reason(group, members, boss):
    bob = members[1]
    done = decide(group, boss, excepted={bob.number: "Parental leave"})
    assert codes(members) == ["base", "gold", "silver"]
    one = held(bob)
    assert (one.reason, one.note, one.from_at) == ("manual", "Parental leave", at(2027, 12, 31, 23))
    assert (one.valid_until, one.waits_from, one.due_at) == (at(2028, 12, 31, 23), None, at(2028, 12, 31, 23))
    assert (done.counts["lowered"], done.counts["excepted"]) == (2, 1)


def test_who_is_excepted_waits_again_a_year_later(made, group, members, boss):
    decide(group, boss, excepted={members[1].number: "Parental leave"})
    foreseeing.night(made, at(2029, 1, 1, 1))
    assert members[1].standings.filter(waits_from=at(2028, 12, 31, 23)).exists()


def test_an_approval_of_a_night_that_was_approved_is_refused(group, members, boss):
    seen = shown(group)
    decide(group, boss, seen=seen)
    with pytest.raises(downgrades.AlreadyDecided, match="boss agreed to the list of 1 January 2028"):
        decide(group, boss, seen=seen)
    assert DowngradeDecision.objects.count() == 1


def test_who_may_not_decide_is_refused(group, members, marketing, store_staff, stranger):
    for person in (store_staff, stranger):
        with pytest.raises(downgrades.NotDecider):
            decide(group, person)
    store_staff.user_permissions.add(Permission.objects.get(codename="decide_downgrades"))
    allowed = type(store_staff).objects.get(pk=store_staff.pk)
    assert decide(group, allowed).counts["lowered"] == 3


def test_an_own_membership_waits_for_somebody_else(group, members, boss, marketing):
    Member.objects.get(pk=members[0].pk).customer.__class__.objects.filter(pk=members[0].customer_id).update(
        user=boss
    )
    with pytest.raises(downgrades.OwnMembership):
        decide(group, boss, excepted={members[0].number: "It is me"})
    done = decide(group, boss)
    assert (done.counts["own"], done.counts["lowered"]) == (1, 2)
    assert codes(members) == ["gold", "silver", "silver"]
    assert downgrades.lists(group) == [downgrades.Waiting(date(2028, 1, 2), 1)]


def test_who_was_renewed_meanwhile_is_left_out_and_counted(made, group, members, boss):
    seen = shown(group)
    assert len(seen) == 3
    spend(made, members[2], 10, at(2028, 1, 1, 8))
    assert held(members[2]).reason == "renewal"
    done = decide(group, boss, seen=seen)
    assert (done.counts["lowered"], done.counts["left_out"]) == (2, 1)
    assert codes(members) == ["base", "silver", "gold"]


def test_a_purchase_between_the_word_and_its_deed_saves_the_member(made, group, members, boss):
    decision = downgrades.decide(group, LIST, user=boss, shown=shown(group), excepted={}, now=MORNING)
    spend(made, members[2], 10, MORNING)
    done = downgrades.advance(decision, now=at(2028, 1, 1, 10))
    assert (done.counts["lowered"], done.counts["left_out"]) == (2, 1)
    assert codes(members) == ["base", "silver", "gold"]


def test_who_comes_after_the_list_was_shown_waits_for_the_next_one(group, members, boss):
    done = decide(group, boss, seen=shown(group)[:2])
    assert (done.counts["lowered"], done.counts["newcomers"]) == (2, 1)
    assert codes(members) == ["base", "silver", "gold"]
    assert downgrades.lists(group) == [downgrades.Waiting(date(2028, 1, 2), 1)]
    assert decide(group, boss, day=date(2028, 1, 2), now=at(2028, 1, 2, 9)).counts["lowered"] == 1
    assert held(members[2]).tier.code == "silver"


def test_a_list_of_a_day_to_come_is_refused(group, members, boss):
    with pytest.raises(downgrades.NotYet):
        decide(group, boss, seen=shown(group), day=date(2028, 1, 2))


def test_a_list_on_which_nobody_waits_any_more_is_refused(made, group, members, boss):
    seen = shown(group)
    for who in members:
        spend(made, who, 1000, at(2028, 1, 1, 8))
    with pytest.raises(downgrades.NobodyWaits):
        decide(group, boss, seen=seen)


def test_an_exception_needs_a_reason_and_somebody_on_the_list(made, group, members, boss):
    other = factories.member(made)
    with pytest.raises(ReasonMissing):
        decide(group, boss, excepted={members[0].number: "  "})
    with pytest.raises(ReasonMissing):
        decide(group, boss, excepted={members[0].number: "x" * 201})
    with pytest.raises(downgrades.NotOnTheList, match=other.number):
        decide(group, boss, excepted={other.number: "A friend"})
    assert not DowngradeDecision.objects.exists()


def test_a_higher_tier_that_was_earned_meanwhile_is_not_taken_away(made, group, members, boss):
    spend(made, members[0], 600, at(2028, 1, 1, 8))
    decide(group, boss)
    assert held(members[0]).tier.code == "silver"


def test_a_decision_that_was_interrupted_goes_on_where_it_was(group, members, boss, monkeypatch):
    monkeypatch.setattr(downgrades, "BATCH", 1)
    decision = downgrades.decide(group, LIST, user=boss, shown=shown(group), excepted={}, now=MORNING)
    assert downgrades.advance(decision, now=MORNING, for_s=0).finished_at is None
    whole, calls = lowering.lower, []

    def once(*args, **options):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(*args, **options)

    monkeypatch.setattr(lowering, "lower", once)
    with pytest.raises(KeyboardInterrupt):
        downgrades.advance(decision, now=MORNING)
    assert sorted(codes(members)) == ["base", "gold", "gold"]
    monkeypatch.setattr(lowering, "lower", whole)
    done = downgrades.finish(group.program, now=at(2028, 1, 1, 12))
    assert done["lowered"] == 3
    assert {held(who).from_at for who in members} == {MORNING}


def test_one_who_cannot_be_booked_stops_nobody(group, members, boss, monkeypatch):
    whole, bad = lowering.lower, held(members[1]).pk

    def fails(program_id, keys, *args, **options):
        if bad in keys:
            raise RuntimeError
        return whole(program_id, keys, *args, **options)

    monkeypatch.setattr(lowering, "lower", fails)
    done = decide(group, boss)
    assert (done.counts["lowered"], done.counts["failed"]) == (2, 1)
    assert codes(members) == ["base", "gold", "silver"]
    assert downgrades.lists(group) == [downgrades.Waiting(date(2028, 1, 2), 1)]


def test_the_books_agree_afterwards(made, group, members, boss):
    decide(group, boss, excepted={members[1].number: "Parental leave"})
    assert not list(audit(made))


@pytest.mark.parametrize("keys", [[], [5], [3, 1, 2], list(range(10, 5000, 7))])
def test_who_was_shown_is_remembered_by_a_short_text(keys):
    assert unpack(pack(keys)) == sorted(keys)
    assert len(pack(keys)) < 20 + len(keys)


@pytest.mark.parametrize("text", ["?", "AAAA", "eJwz", "é"])
def test_what_is_no_list_of_keys_is_refused(text):
    with pytest.raises(ValueError, match="no list of keys"):
        unpack(text)
