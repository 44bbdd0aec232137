"""Who gets points together with others, and who is looked at alone because it may come to something else?"""

from datetime import date
from functools import partial
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.models import Member, Relation
from programs.models import Currency, ExpiryRule
from tests.support import capped, celebrating, currencies, factories, merging
from tests.support.celebrating import born, gift
from tests.support.factories import at, held, post_one, purchase
from tests.support.ladders import ladder
from tests.support.rolled_back import rolled_back
from transactions.books.copies import Copier
from transactions.models import Journal, Lot
from transactions.occasions import alike, earlier, planning
from transactions.proof.audit import audit

DAY = date(2026, 3, 10)
BEFORE, NOW = at(2026, 3, 5), at(2026, 3, 10, 3)

give = partial(celebrating.give, day=DAY, now=NOW)


def pending(made):
    made.currencies.filter(code="points").update(pending_days=3)


def ends_by_silence(made):
    other = Currency.objects.create(program=made, code="miles", name="Miles")
    ExpiryRule.objects.create(currency=other, model="activity", period=12, unit="month")


def ends_on_the_anniversary(made):
    ExpiryRule.objects.filter(currency__program=made).update(model="anniversary")


def capped_by_a_cap(made):
    capped.cap(made, "yearly", 5000, currency=made.currencies.get(code="points"))


def capped_by_the_balance(made):
    made.currencies.filter(code="points").update(max_balance=5000)


def counts_for_tiers(made):
    made.rules.filter(code="gift").update(currency=made.currencies.get(code="status"))


def counts_in_cycles_and_is_late(made):
    ladder(made, model="calendar")


def asks_who_it_is(made):
    made.rules.filter(code="gift").update(conditions={"not": {"tags": ["staff"]}})


@pytest.mark.parametrize(
    "changed",
    [
        asks_who_it_is,
        pending,
        ends_by_silence,
        ends_on_the_anniversary,
        capped_by_a_cap,
        capped_by_the_balance,
        counts_for_tiers,
        counts_in_cycles_and_is_late,
    ],
)
def test_a_program_under_which_nobody_is_alike_takes_the_general_way(made, changed, taken):
    gift(made)
    people = [born(made, "03-10") for _ in range(3)]
    changed(made)
    made.touch(made.pk)
    late = at(2026, 3, 12)
    assert give(made, now=late)["given"] == 3
    assert taken == []
    assert Journal.objects.filter(member__in=people).count() == 3
    assert not list(audit(made))


def test_the_same_program_without_all_that_takes_the_short_way_however_late(made, taken):
    gift(made)
    people = [born(made, "03-10") for _ in range(3)]
    assert give(made, now=at(2026, 3, 12))["given"] == 3
    assert taken == [who.pk for who in people]


def owes(made, who):
    currencies.change(made, refund_policy="arrears")
    spent = post_one(made, purchase(who, 10000, activity_at=BEFORE), now=BEFORE)
    post_one(made, factories.redemption(who, 60), now=BEFORE)
    post_one(made, factories.reversal(spent.journal_id), now=BEFORE)


def has_points_that_ended(made, who):
    post_one(made, purchase(who, 10000, activity_at=BEFORE), now=BEFORE)
    merging.let_end(Lot.objects.filter(member=who), at(2026, 3, 9))


def holds_a_tier_that_ended(made, who):
    post_one(made, purchase(who, 60000, activity_at=BEFORE), now=BEFORE)
    who.standings.filter(is_current=True).update(due_at=at(2026, 3, 9))


def belongs_to_a_group(made, who):
    Relation.objects.create(member=who, group=born(made, "07-07"))


def is_a_group(made, who):
    Relation.objects.create(member=born(made, "07-07"), group=who)


@pytest.mark.parametrize(
    "happens", [owes, has_points_that_ended, holds_a_tier_that_ended, belongs_to_a_group, is_a_group]
)
def test_who_may_come_to_something_else_takes_the_general_way(made, happens, taken):
    gift(made)
    plain, other = born(made, "03-10"), born(made, "03-10")
    happens(made, other)
    assert give(made)["given"] == 2
    assert taken == [plain.pk]
    assert not list(audit(made))


def test_who_belonged_to_a_group_once_is_plain(made, taken):
    gift(made)
    who = born(made, "03-10")
    Relation.objects.create(member=who, group=born(made, "07-07"), left_at=BEFORE)
    give(made)
    assert taken == [who.pk]


@pytest.mark.parametrize("change", [{"status": "suspended"}, {"number": "another"}])
def test_who_is_changed_between_the_look_and_the_lock_is_looked_at_again(made, monkeypatch, taken, change):
    gift(made)
    ada, bob = born(made, "03-10"), born(made, "03-10")
    plans = planning.plans

    def too_early(*arguments):
        found = plans(*arguments)
        Member.objects.filter(pk=ada.pk).update(**change)
        return found

    monkeypatch.setattr(planning, "plans", too_early)
    assert give(made)["given"] == 1
    assert taken == [bob.pk]
    assert (held(ada), held(bob)) == (0, 100)


def test_what_somebody_else_has_just_given_is_not_given_again(made, monkeypatch, caplog):
    """Both looked before either wrote: the second one finds the name taken, and the others get theirs."""
    gift(made)
    ada = born(made, "03-10")
    give(made)
    bob = born(made, "03-10")
    monkeypatch.setattr(earlier, "read", lambda *a: {})
    assert give(made) == {"given": 1, "refused": 0, "gift: given": 1}
    assert (held(ada), held(bob)) == (100, 100)
    assert caplog.records == [], "nothing is wrong, so nobody is warned"


def test_what_stops_many_is_logged_and_everybody_is_given_alone(made, monkeypatch, caplog):
    gift(made)
    people = [born(made, "03-10") for _ in range(3)]

    def broken(*arguments):
        raise RuntimeError("planted")

    monkeypatch.setattr(Copier, "copy", broken)
    assert give(made) == {"given": 3, "refused": 0, "gift: given": 3}
    assert [held(who) for who in people] == [100] * 3
    assert [record.message for record in caplog.records] == [
        "points for occasions could not be given to many at once"
    ]
    assert not list(audit(made))


def test_a_program_that_was_changed_meanwhile_is_read_anew(made, monkeypatch, taken):
    gift(made)
    who = born(made, "03-10")
    lock = alike._lock

    def changed_before(books, plans):
        made.touch(made.pk)
        return lock(books, plans)

    monkeypatch.setattr(alike, "_lock", changed_before)
    assert give(made)["given"] == 1
    assert taken == []
    assert Journal.objects.get(member=who).program_version == made.versions.latest("number").number


def test_statements_do_not_grow_with_those_who_are_alike(made):
    gift(made)
    few = CaptureQueriesContext(connection)
    born(made, "03-10"), born(made, "03-10")
    with rolled_back(), few:
        give(made)
    for _ in range(20):
        born(made, "03-10")
    with rolled_back(), CaptureQueriesContext(connection) as many:
        give(made)
    assert len(many) == len(few)


def test_no_rule_asks_for_the_enrolment_which_would_tell_apart_who_is_copied():
    """A rule that asks for it needs its place in what tells apart (transactions/occasions/alike.py)."""
    asking = [path.name for path in Path("programs/rules").glob("*.py") if "enrolled_at" in path.read_text()]
    assert asking == ["base.py"]
