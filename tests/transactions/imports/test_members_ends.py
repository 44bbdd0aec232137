"""Points that members bring along end when the file says so, also if it says so later."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Member
from programs.models import ExpiryRule
from tests.support import factories
from tests.support.importing import Folder
from transactions.models import Lot
from transactions.proof.audit import audit

SET = {
    "source": "old shop",
    "mode": "set",
    "fields": {
        "email": "email",
        "points": "points",
        "expires": "ends",
        "last_activity": {"column": "active", "optional": True},
    },
}
ANN = "ann@example.com"


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=800)


@pytest.fixture
def folder(tmp_path, made):
    return Folder(tmp_path, made)


@pytest.fixture
def by_inactivity(made):
    ExpiryRule.objects.filter(currency__program=made).update(model="activity", rounding="none")
    made.save()


def stated(points, ends):
    return f"email,points,ends\n{ANN},{points},{ends}\n"


def live():
    """(points, day behind the last one) of the lots with something left."""
    lots = Lot.objects.filter(remaining__gt=0).order_by("expires_at")
    return [(lot.remaining, lot.expires_at and f"{lot.expires_at:%Y-%m-%d}") for lot in lots]


@pytest.mark.parametrize("points", [100, 60, 130])
def test_a_balance_that_is_set_anew_ends_as_it_says_now(folder, made, points):
    folder.bring(stated(100, "2097-01-31"), SET)
    assert folder.bring(stated(points, "2097-12-31"), SET).code == 0
    assert live() == [(points, "2097-12-31")]
    assert factories.held(Member.objects.get()) == points
    assert not list(audit(made))


def test_an_earlier_end_counts_too_and_one_that_stays_moves_nothing(folder, made):
    folder.bring(stated(100, "2097-12-31"), SET)
    folder.bring(stated(100, "2097-01-31"), SET)
    assert live() == [(100, "2097-01-31")]
    before = Lot.objects.count()
    folder.bring(stated(90, "2097-01-31"), SET)
    assert (live(), Lot.objects.count()) == ([(90, "2097-01-31")], before)
    assert not list(audit(made))


def test_points_that_were_earned_here_keep_their_end(folder, made):
    folder.bring(stated(100, "2097-01-31"), SET)
    ann = Member.objects.get()
    factories.post_one(made, factories.purchase(ann, 5000))
    earned = Lot.objects.get(points=50).expires_at
    folder.bring(stated(120, "2097-12-31"), SET)
    assert live() == [(50, f"{earned:%Y-%m-%d}"), (70, "2097-12-31")]
    folder.bring(stated(30, "2098-12-31"), SET)
    assert live() == [(30, f"{earned:%Y-%m-%d}")]
    assert not list(audit(made))


def test_what_other_sources_brought_keeps_its_end(folder, made):
    folder.bring(stated(100, "2097-01-31"), SET | {"source": "another", "mode": "add"})
    folder.bring(stated(150, "2097-02-27"), SET)
    folder.bring(stated(150, "2097-12-31"), SET)
    assert live() == [(100, "2097-01-31"), (50, "2097-12-31")]
    assert not list(audit(made))


@pytest.mark.parametrize("mode", ["add", "set"])
def test_a_promised_end_wins_over_the_last_activity_and_the_report_says_so(folder, made, by_inactivity, mode):
    active = timezone.now() - timedelta(days=100)
    content = f"email,points,ends,active\n{ANN},100,2097-12-31,{active:%Y-%m-%d}\n"
    run = folder.bring(content, SET, "--mode", mode)
    assert (run.code, run.codes) == (0, [(2, "expires", "end_promised")])
    assert run.report[0]["problem"].startswith("Taken all the same. The end in expires counts")
    assert "1 rows were taken with a note" in run.told
    held = Member.objects.get().balances.get(currency__code="points")
    assert held.expires_at == factories.at(2097, 12, 31, 23)
    assert held.last_activity_at < timezone.now() - timedelta(days=99)
    assert not list(audit(made))


def test_a_promised_end_keeps_a_balance_alive_that_would_end_sooner(folder, made, by_inactivity):
    ann = factories.member(made, email=ANN)
    factories.post_one(made, factories.purchase(ann, 100))
    folder.bring(stated(10, "2097-12-31"), SET | {"mode": "add"})
    assert ann.balances.get(currency__code="points").expires_at == factories.at(2097, 12, 31, 23)


def test_the_last_activity_counts_also_where_a_balance_does_not_move(folder, made, by_inactivity):
    ann = factories.member(made, email=ANN)
    factories.post_one(made, factories.purchase(ann, 100, activity_at=timezone.now() - timedelta(days=200)))
    before = ann.balances.get(currency__code="points").expires_at
    mapping = {"source": "old shop", "fields": {"email": "email", "last_activity": "active"}}
    folder.bring(f"email,active\n{ANN},{timezone.now() - timedelta(days=10):%Y-%m-%d}\n", mapping)
    assert ann.balances.get(currency__code="points").expires_at > before + timedelta(days=180)
    assert not list(audit(made))
