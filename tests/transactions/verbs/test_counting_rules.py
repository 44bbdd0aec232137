"""How far do purchases bring a member with rules that count, and what do refunds and edits leave of it? (C7, C14)"""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from members.models import Progress
from programs import document
from programs.models import Cap, Program, Rule
from tests.support import factories
from tests.support.counting import back, coffee_shop, coffees, reached
from tests.support.factories import at, held, line, post, post_one, purchase, reversal
from tests.support.few_examples import few_examples
from tests.support.quoted import quoted
from tests.support.rolled_back import rolled_back
from tests.support.stage import kept
from transactions.models import Journal

pytestmark = pytest.mark.usefixtures("books_balance")


@kept
def shop(db):
    return coffee_shop()


@kept
def eve(shop):
    return factories.member(shop)


def test_five_coffees_bought_one_by_one_give_once(shop, eve):
    given = [post_one(shop, coffees(eve, 1)).answer["points"].get("points", 0) for _ in range(6)]
    assert given == [0, 0, 0, 0, 50, 0]
    assert reached(eve) == (6000, 1, 5000)


def test_purchases_of_one_batch_see_each_other(shop, eve):
    other = factories.member(shop)
    post(shop, coffees(eve, 3), coffees(other, 4), coffees(eve, 3), coffees(other, 4))
    assert (held(eve), held(other)) == (50, 50)
    assert (reached(eve), reached(other)) == ((6000, 1, 5000), (8000, 1, 5000))


def test_what_is_refunded_counts_no_more(shop, eve):
    """C14-R1: five coffees, two of them back: three, and the points are taken back."""
    bought = post_one(shop, coffees(eve, 5))
    post_one(shop, back(bought, 2))
    assert (held(eve), reached(eve)) == (0, (3000, 0, 0))
    post_one(shop, coffees(eve, 2))
    assert (held(eve), reached(eve)) == (50, (5000, 1, 5000))


def test_what_another_order_was_given_stays_and_so_much_more_is_needed(shop, eve):
    first = post_one(shop, coffees(eve, 3))
    second = post_one(shop, coffees(eve, 2))
    post_one(shop, back(first, 2))
    assert (held(eve), reached(eve)) == (50, (3000, 1, 5000))
    assert post_one(shop, coffees(eve, 6)).answer["points"] == {}
    assert post_one(shop, coffees(eve, 1)).answer["points"] == {"points": 50}
    post_one(shop, reversal(second.journal_id))
    assert (held(eve), reached(eve)) == (50, (8000, 1, 5000))


@few_examples
@given(
    orders=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    times=st.sampled_from([None, 1, 2]),
    chosen=st.randoms(use_true_random=False),
)
def test_in_whatever_pieces_all_comes_back_it_never_was(shop, eve, orders, times, chosen):
    """After any order of partial refunds that leave nothing, the member is where one is who never bought."""
    with rolled_back():
        rule = Rule.objects.get(program=shop)
        rule.params |= {"times": times} if times else {}
        rule.save()
        shop.refresh_from_db()
        bought = [post_one(shop, coffees(eve, count)) for count in orders]
        assert reached(eve)[0] == 1000 * sum(orders)
        pieces = [number for number, count in enumerate(orders) for _ in range(count)]
        chosen.shuffle(pieces)
        for number in pieces:
            post_one(shop, back(bought[number], 1))
            counted, rewarded, used = reached(eve)
            assert (counted >= 0, used, held(eve)) == (True, rewarded * 5000, rewarded * 50)
        assert (held(eve), reached(eve)) == (0, (0, 0, 0))


@few_examples
@given(pieces=st.lists(st.integers(1, 4), min_size=1, max_size=3), before=st.integers(0, 4))
def test_any_partition_of_a_refund_comes_to_the_same_end(shop, eve, pieces, before):
    ends = set()
    for parts in (pieces, [sum(pieces)]):
        with rolled_back():
            post_one(shop, coffees(eve, before)) if before else None
            bought = post_one(shop, coffees(eve, sum(pieces) + 1))
            post_one(shop, coffees(eve, 3))
            for part in parts:
                post_one(shop, back(bought, part))
            ends.add((held(eve), reached(eve)))
    assert len(ends) == 1


def test_a_refund_in_proportion_counts_what_is_left(shop, eve):
    bought = post_one(shop, coffees(eve, 5))
    post_one(shop, back(bought, 4, mode="proportional"))
    assert reached(eve) == (1000, 0, 0)
    post_one(shop, reversal(bought.journal_id))
    assert reached(eve) == (0, 0, 0)


def test_an_order_edit_goes_back_and_forth_exactly(shop, eve):
    """C14-R7"""
    post_one(shop, coffees(eve, 3))
    post_one(shop, coffees(eve, 2, "a"))
    post_one(shop, coffees(eve, 1))
    post_one(shop, coffees(eve, 1, "b", replaces="a"))
    # Five coffees again, of which the fifth is in the order that stands now.
    assert (held(eve), reached(eve)) == (50, (5000, 1, 5000))
    post_one(shop, coffees(eve, 9, "c", replaces="b"))
    assert (held(eve), reached(eve)) == (100, (13000, 2, 10000))
    post_one(shop, coffees(eve, 2, "d", replaces="c"))
    assert (held(eve), reached(eve)) == (50, (6000, 1, 5000))


def test_a_fact_that_is_sent_again_moves_nothing(shop, eve):
    item = coffees(eve, 4, "once")
    assert [post_one(shop, item).status for _ in range(2)] == ["posted", "replayed"]
    assert reached(eve) == (4000, 0, 0)


def test_a_dry_run_and_a_quote_move_nothing_and_tell_it(shop, eve):
    post_one(shop, coffees(eve, 4))
    assert post_one(shop, coffees(eve, 1), dry_run=True).answer["points"] == {"points": 50}
    assert quoted(shop, coffees(eve, 6), timezone.now()).answer["points"] == {"points": 100}
    assert reached(eve) == (4000, 0, 0)


def test_what_a_cap_cuts_to_nothing_is_used_up(shop, eve):
    """C8: the target counts as given."""
    points = shop.currencies.get(code="points")
    Cap.objects.create(program=shop, code="c", name="C", currency=points, limit=50, scope="member", period="ever")
    shop.refresh_from_db()
    post_one(shop, coffees(eve, 5))
    cut = post_one(shop, coffees(eve, 5))
    assert (held(eve), reached(eve)) == (50, (10000, 2, 10000))
    post_one(shop, reversal(cut.journal_id))
    assert (held(eve), reached(eve)) == (50, (5000, 1, 5000))


def test_it_counts_where_another_rule_of_its_group_is_given(shop, eve):
    factories.rule(shop, "more", "per_amount", {"points": 100, "per": 1}, group="coffees")
    shop.refresh_from_db()
    bought = post_one(shop, coffees(eve, 5))
    assert (held(eve), reached(eve)) == (800, (5000, 1, 5000))
    post_one(shop, reversal(bought.journal_id))
    assert (held(eve), reached(eve)) == (0, (0, 0, 0))


def test_refunds_go_by_the_rule_of_then_also_when_it_is_gone(shop, eve):
    """C14-R1"""
    bought = post_one(shop, coffees(eve, 7))
    Rule.objects.filter(program=shop).first().delete()
    shop.refresh_from_db()
    factories.rule(shop, "spend", "per_amount", {"points": 1, "per": 1})
    shop.refresh_from_db()
    post_one(shop, back(bought, 1))
    assert (held(eve), reached(eve)) == (50, (6000, 1, 5000))
    post_one(shop, back(bought, 2))
    assert (held(eve), reached(eve)) == (0, (4000, 0, 0))


def test_another_number_goes_on_and_another_measure_begins_anew(shop, eve):
    post_one(shop, coffees(eve, 7))
    rule = Rule.objects.get(program=shop)
    rule.params |= {"every": 3}
    rule.save()
    shop.refresh_from_db()
    assert post_one(shop, coffees(eve, 1)).answer["points"] == {"points": 50}
    rule.params |= {"counts": "purchases"}
    rule.save()
    shop.refresh_from_db()
    given = [post_one(shop, coffees(eve, 1)).answer["points"].get("points", 0) for _ in range(3)]
    assert given == [0, 0, 50]
    assert dict(eve.progress.values_list("counts", "counted")) == {"units": 8000, "purchases": 3}


def test_a_program_that_is_exported_and_imported_keeps_the_progress(shop, eve):
    post_one(shop, coffees(eve, 4))
    whole = document.export(Program.objects.get(pk=shop.pk))
    assert not document.apply(whole)
    document.apply(whole | {"rules": []})
    document.apply(whole)
    shop.refresh_from_db()
    assert post_one(shop, coffees(eve, 1)).answer["points"] == {"points": 50}


# What it costs, and what holds.


def statements(made, *items):
    with CaptureQueriesContext(connection) as found:
        for result in post(made, *items):
            assert result.status == "posted", result.refusal
    return [one["sql"] for one in found]


def test_it_takes_two_statements_whatever_the_number_of_rules_and_members(shop, eve):
    def of_progress(*items):
        return [sql for sql in statements(shop, *items) if "members_progress" in sql]

    post_one(shop, coffees(eve, 1))
    assert len(of_progress(coffees(eve, 1))) == 2
    for number in range(5):
        factories.rule(shop, f"r{number}", "every_nth", {"every": 2, "points": 1}, group=f"r{number}")
    shop.refresh_from_db()
    people = [eve, *(factories.member(shop) for _ in range(4))]
    post(shop, *[coffees(one, 1) for one in people])
    assert len(of_progress(*[coffees(one, 1) for one in people])) == 2


def test_a_program_that_counts_nothing_pays_nothing(made, who):
    assert not [sql for sql in statements(made, purchase(who, 500)) if "members_progress" in sql]


def test_progress_is_never_negative(eve):
    for name in ("counted", "rewarded", "used", "run", "in_last"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Progress.objects.create(member=eve, rule="x", counts="units", **{name: -1})


def test_the_examples_of_the_guide_give_what_it_says(db):
    text = (Path(settings.BASE_DIR) / "docs" / "programs.md").read_text()
    section = text[text.index("## What adds up") :]
    rules = json.loads("[" + re.sub(r"\}\n\{", "},{", re.search(r"```\n(.*?)```", section, re.S)[1]) + "]")
    made = factories.program(rules=False, max_backdate_days=3650)
    whole = document.export(Program.objects.get(pk=made.pk))
    document.apply(whole | {"rules": rules})
    made.refresh_from_db()
    who = factories.member(made, enrolled_at=at(2020, 1, 1))
    start = at(2026, 3, 2)
    given = []
    for day in range(14):
        tea = line("", 300, quantity=1, category="tea")
        item = purchase(who, 300, activity_at=start + timedelta(days=day), lines=(tea,))
        given.append(post_one(made, item, now=at(2026, 4, 1)).answer["points"].get("points", 0))
    assert given == [0] * 6 + [70, 0, 0, 100, 0, 0, 0, 70]
    other = factories.member(made)
    bought = [post_one(made, coffees(other, 1)) for _ in range(5)]
    assert held(other) == 50
    for one in bought[:2]:
        post_one(made, reversal(one.journal_id))
    assert (held(other), reached(other)) == (50, (3000, 1, 5000))
    assert post_one(made, coffees(other, 6)).answer["points"] == {}
    assert post_one(made, coffees(other, 1)).answer["points"]["points"] >= 50
    assert Journal.objects.filter(member=other, kind="reversal").count() == 2
