"""Many members get the same points at once, and what is written is what each of them would have got alone."""

from datetime import date
from functools import partial

import pytest
from django.apps import apps
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from members.models import Member, Relation
from partners.models import Connection
from programs.models import Currency
from tests.support import celebrating, factories, merging
from tests.support.celebrating import born, gift
from tests.support.factories import at, held, post_one, purchase
from tests.support.few_examples import few_examples
from tests.support.living import live
from tests.support.rolled_back import rolled_back
from transactions import ledger
from transactions.models import Journal, Lot
from transactions.occasions import alike
from transactions.proof.audit import audit
from transactions.verbs.accruals import Accrue

DAY = date(2026, 3, 10)
BEFORE, NOW = at(2026, 3, 5), at(2026, 3, 10, 3)

give = partial(celebrating.give, day=DAY, now=NOW)


def rows():
    """Everything that the database holds about members and what happened, keys and chains included."""
    models = [*apps.get_app_config("members").get_models(), *apps.get_app_config("transactions").get_models()]
    return {model.__name__: list(model._base_manager.order_by("pk").values()) for model in models}


def keys():
    """Where the next keys begin, and what lets them begin there again."""
    if connection.vendor != "postgresql":
        return lambda: None
    with connection.cursor() as cursor:
        tables = [f"{app}_{name}" for app, name in (("members", "balance"), ("members", "tally"))]
        tables += ["transactions_journal", "transactions_entry", "members_standing"]
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{t}_id_seq', last_value, is_called FROM {t}_id_seq" for t in tables)
        )
        found = cursor.fetchall()

    def again():
        with connection.cursor() as cursor:
            for each in found:
                cursor.execute("SELECT setval(%s, %s, %s)", each)

    return again


def both_ways(made):
    """(what is left, the counts) of the general way, and of the one that is taken; both are undone."""
    factories.till(made, Connection.Platform.TIMETABLE)
    found, again = [], keys()
    for is_general in (True, False):
        with rolled_back(), pytest.MonkeyPatch.context() as patch:
            if is_general:
                patch.setattr(alike, "give", lambda *a, **k: {})
            again()
            counts = give(made)
            assert not list(audit(made))
            found.append((rows(), counts))
    return found


@pytest.fixture
def posted(monkeypatch):
    """The facts that went through the verb, one after the other."""
    found, real = [], Accrue.post

    def watched(verb, posting):
        found.append(posting.item.external_id)
        return real(verb, posting)

    monkeypatch.setattr(Accrue, "post", watched)
    return found


@few_examples
@given(seed=st.integers(0, 10**6))
def test_both_ways_write_the_same_to_the_last_byte(made, seed):
    """Members with and without lots, of three tiers, with one occasion or two, of rules that pay some and not all."""
    with rolled_back():
        gift(made, group="best")
        gift(made, "better", group="best", points="150", conditions={"tiers": ["gold"]})
        gift(made, "golden", points="7", conditions={"tiers": ["gold"]})
        gift(made, "jubilee", occasion="anniversary", points="30")
        Currency.objects.create(program=made, code="miles", name="Miles")
        people = [born(made, "03-10", first_name=f"{n} “Ω”") for n in range(6)]
        people += [born(made, "03-10", enrolled_at=at(2020 + n, 3, 10)) for n in range(3)]
        people += [born(made, "07-07", enrolled_at=at(2019, 3, 10))]
        for who in people[:3]:
            post_one(made, purchase(who, 120000, activity_at=BEFORE), now=BEFORE)
        live(made, people[2:], seed, steps=12, now=BEFORE, with_pending=False, with_reservations=False)
        ledger.refresh(made.pk, [who.pk for who in people], now=NOW)
        (general, counts), (copied, copied_counts) = both_ways(made)
        assert copied_counts == counts
        assert repr(copied) == repr(general)


def test_a_mixed_crowd_gets_the_same_whoever_is_plain(made):
    gift(made)
    people = [born(made, "03-10") for _ in range(5)]
    _, due, shares, shut, rich = people
    Relation.objects.create(member=shares, group=born(made, "07-07"), percent=30)
    Member.objects.filter(pk=shut.pk).update(status="suspended")
    for who in (due, rich):
        post_one(made, purchase(who, 60000, activity_at=BEFORE), now=BEFORE)
    merging.let_end(Lot.objects.filter(member=due), at(2026, 3, 9))
    (general, counts), (copied, copied_counts) = both_ways(made)
    assert counts == copied_counts == {"given": 4, "refused": 1, "gift: given": 4, "gift: member_not_active": 1}
    assert {len(rows) for rows in (general["Journal"], copied["Journal"])} == {2 + 1 + 4}
    for table in ("Journal", "Entry", "Lot", "Trace", "Balance", "Tally", "Standing"):
        assert _without_keys(copied[table]) == _without_keys(general[table])


def _without_keys(rows):
    """In any order: who is plain comes first."""
    keys = {"id", "journal_id", "entry_id", "lot_id", "chain"}
    return sorted(repr({name: value for name, value in row.items() if name not in keys}) for row in rows)


def test_of_those_who_are_alike_one_is_posted_and_the_others_are_copies(made, posted, taken):
    gift(made)
    people = [born(made, "03-10") for _ in range(30)]
    rich = born(made, "03-10")
    post_one(made, purchase(rich, 120000, activity_at=BEFORE), now=BEFORE)
    posted.clear()
    give(made)
    assert posted == [f"birthday-2026-gift-{who.pk}" for who in (people[0], rich)]
    assert taken == [who.pk for who in (*people, rich)]
    assert [held(who) for who in people] == [100] * 30
    assert not list(audit(made))


def test_a_refund_of_a_copy_takes_its_points_back(made):
    gift(made)
    people = [born(made, "03-10") for _ in range(3)]
    give(made)
    journal = Journal.objects.get(member=people[2], activity="birthday")
    post_one(made, factories.reversal(journal.pk))
    assert [held(who) for who in people] == [100, 100, 0]
    assert not list(audit(made))
