"""The monthly statement: exact to the point, once for each member and month, whatever interrupts the night."""

from collections import Counter
from datetime import date, timedelta

import pytest
import time_machine
from django.db import transaction

from loyalty_site import nightly
from loyalty_site.night import reminders
from loyalty_site.night.shared import SharedStep
from members.models import Member
from partners.activity import Adjustment
from programs import periods, versions
from programs.models import Currency, Message, Program
from tests.support import factories
from tests.support.factories import at, post, post_one, purchase, redemption, reversal
from tests.support.living import live
from tests.support.messages import message, told
from transactions import ledger
from transactions.models import Entry, NightRun
from transactions.reminders import statements
from transactions.reminders.statements import PARTS

EVENT = "statement.monthly"
NEXT = date(2026, 4, 1)
NIGHT = at(2026, 4, 1, 2)


def state(made, day=NEXT, now=NIGHT):
    """How many were told of the month before."""
    with transaction.atomic():
        return statements.state(made.pk, day, list(statements.find(made.pk, day)), now)["statements"]


@pytest.fixture
def asked(made):
    message(made, EVENT)
    return made


def test_it_says_what_was_earned_redeemed_and_corrected_and_what_is_left(asked, who):
    bought = post_one(asked, purchase(who, 50_000), now=at(2026, 2, 10))
    post_one(asked, purchase(who, 20_000), now=at(2026, 3, 2))
    post_one(asked, redemption(who, 150), now=at(2026, 3, 5))
    post_one(asked, reversal(bought.journal_id, amount=10_000), now=at(2026, 3, 6))
    fix = Adjustment(external_id="fix", member={"number": who.number}, points=30, reason="Goodwill")
    post_one(asked, fix, now=at(2026, 3, 7))
    post_one(asked, purchase(who, 99_900), now=at(2026, 4, 1, 1))
    assert state(asked) == 1
    [event] = told(EVENT, who)
    [sums] = event.data["statement"]["currencies"]
    opening = sums["opening"]
    assert (opening, sums["redeemed"], sums["expired"], sums["other"]) == (500, -150, 0, 30)
    assert sums["closing"] == opening + sum(sums[part] for part in PARTS)
    assert sums["closing"] == Entry.objects.filter(member=who, posted_at__lt=at(2026, 3, 8)).exclude(
        currency__kind="qualifying"
    ).order_by("-sequence").values_list("balance_after", flat=True).first()  # fmt: skip
    assert event.data["statement"]["month"] == "2026-03"
    assert event.data["balance"] == {"currency": "points", "before": 500, "balance": sums["closing"]}
    assert (sums["currency"], sums["name"]) == ("points", "Points")


def test_points_that_are_reserved_are_spent_and_come_back_when_the_reservation_ends(asked, who):
    post_one(asked, purchase(who, 50_000), now=at(2026, 2, 10))
    post_one(asked, redemption(who, 200, reserve_s=3600), now=at(2026, 3, 31, 20))
    ledger.refresh(asked.pk, [who.pk], now=at(2026, 4, 2))
    state(asked)
    [sums] = told(EVENT, who)[0].data["statement"]["currencies"]
    assert (sums["opening"], sums["redeemed"], sums["closing"]) == (500, -200, 300)
    state(asked, date(2026, 5, 1), at(2026, 5, 1, 2))
    [sums] = told(EVENT, who)[1].data["statement"]["currencies"]
    assert (sums["opening"], sums["redeemed"], sums["closing"]) == (300, 200, 500)


def naive(who, zone, month):
    """{currency: (opening, sum of all parts, closing)} by reading every entry that there is."""
    first = periods.start_of_day(month, zone)
    last = periods.start_of_day(periods.add_months(month, 1), zone)
    before, within = Counter(), Counter()
    for entry in Entry.objects.filter(member=who):
        moved = entry.available - entry.arrears
        if entry.posted_at < first:
            before[entry.currency_id] += moved
        elif entry.posted_at < last:
            within[entry.currency_id] += moved
    currencies = who.balances.values_list("currency", flat=True)
    return {key: (before[key], within[key], before[key] + within[key]) for key in currencies}


@pytest.mark.parametrize("seed", [3, 14, 15])
def test_over_random_lives_each_month_opens_with_what_the_last_one_closed_with(asked, seed):
    """Opening and parts add up to what is closed with, and all of it to the ledger, entry by entry."""
    whose = [factories.member(asked) for _ in range(3)]
    days = [at(2026, 1, 30, 12), at(2026, 2, 27, 20), at(2026, 3, 30, 21), at(2026, 3, 31, 21, 30), at(2026, 4, 20)]
    for place, now in enumerate(days):
        live(asked, whose, seed + place, steps=15, now=now)
        ledger.refresh(asked.pk, [who.pk for who in whose], now=now + timedelta(hours=50))
    configuration = versions.latest(asked.pk)
    months = [date(2026, month, 1) for month in (1, 2, 3, 4, 5)]
    closed, moved = {}, Counter()
    for month in months:
        found = statements.of_month(configuration, [who.pk for who in whose], month + timedelta(days=11))
        for who in whose:
            for key, (opening, within, closing) in naive(who, asked.zone, month).items():
                sums = found[who.pk][key]
                parts = sum(sums[part] for part in PARTS)
                assert (sums["opening"], parts, sums["closing"]) == (opening, within, closing)
                assert sums["opening"] == closed.get((who.pk, key), 0)
                closed[who.pk, key] = closing
                moved.update({part: abs(sums[part]) for part in PARTS})
    assert all(moved[part] for part in ("earned", "redeemed", "expired"))


def test_who_had_nothing_and_did_nothing_gets_none(asked, who):
    idle = factories.member(asked)
    post_one(asked, purchase(idle, 1_000), now=at(2026, 1, 5))
    post_one(asked, redemption(idle, 10), now=at(2026, 2, 5))
    factories.member(asked)
    post_one(asked, purchase(who, 1_000), now=at(2026, 1, 5))
    assert state(asked) == 1
    assert told(EVENT)[0].member == who


def test_a_member_is_told_once_of_a_month(asked, who):
    post_one(asked, purchase(who, 1_000), now=at(2026, 3, 5))
    assert (state(asked), state(asked)) == (1, 0)
    assert state(asked, date(2026, 5, 1), at(2026, 5, 1, 2)) == 1


@pytest.mark.parametrize("change", ["day", "message", "program", "member", "nobody"])
def test_there_is_none_but_on_the_first_of_a_month_for_active_members_of_an_active_program(asked, who, change):
    post_one(asked, purchase(who, 1_000), now=at(2026, 3, 5))
    day = date(2026, 4, 2) if change == "day" else NEXT
    if change == "message":
        Message.objects.update(is_active=False)
    elif change == "program":
        asked.status = "ended"
        asked.save()
    elif change == "member":
        Member.objects.filter(pk=who.pk).update(status="closed")
    elif change == "nobody":
        Program.objects.filter(pk=asked.pk).update(listens_to="")
    assert state(asked, day) == 0


def test_qualifying_points_are_left_out_and_every_spendable_currency_has_its_line(asked, who):
    miles = Currency.objects.create(program=asked, code="miles", name="Miles")
    factories.rule(asked, "miles", "per_amount", {"points": "2", "per": "1"}, currency=miles)
    asked.refresh_from_db()
    post_one(asked, purchase(who, 1_000), now=at(2026, 3, 5))
    state(asked)
    currencies = told(EVENT, who)[0].data["statement"]["currencies"]
    assert [(one["currency"], one["closing"]) for one in currencies] == [("points", 10), ("miles", 20)]


def test_a_night_that_was_killed_in_the_middle_goes_on_and_tells_everybody_once(asked, monkeypatch):
    whose = [factories.member(asked) for _ in range(6)]
    with time_machine.travel(NIGHT, tick=False):
        post(asked, *[purchase(who, 1_000) for who in whose], now=NIGHT - timedelta(days=3))
        calls = []

        def work(batch):
            calls.append(batch.keys)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return reminders.STATEMENTS.work(batch)

        def plan(night):
            return ([key] for part in reminders.STATEMENTS.plan(night) for key in part)

        step = SharedStep("statements", plan, work, is_of_a_day=True)
        monkeypatch.setattr(nightly, "STEPS", [step])
        with pytest.raises(KeyboardInterrupt):
            list(nightly.night(asked))
        assert len(told(EVENT)) == 1
        list(nightly.night(asked))
    assert sorted(one.member_id for one in told(EVENT)) == sorted(who.pk for who in whose)
    assert NightRun.objects.get(step="statements").counts == {"statements": 6}
