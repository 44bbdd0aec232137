"""Who has a birthday in the coming night is foreseen, and is who is given something."""

from datetime import date

from tests.support import factories
from tests.support.celebrating import LONG_AGO, born, days_of, gift
from tests.support.factories import at
from tests.support.foreseeing import coming
from transactions.occasions import giving
from transactions.outlook.coming import ANNIVERSARY, BIRTHDAY


def test_the_night_gives_to_those_who_were_foreseen(made):
    gift(made)
    gift(made, "years", occasion="anniversary")
    ada, bob = born(made, "03-10"), born(made, "03-11")
    old = factories.member(made, enrolled_at=LONG_AGO.replace(month=3, day=10))
    foreseen = [(one.kind, one.member_id) for one in coming(made, at(2026, 3, 9))]
    assert foreseen == [(BIRTHDAY, ada.pk), (ANNIVERSARY, old.pk)]
    day = date(2026, 3, 10)
    giving.work(made.pk, day, giving.find(made.pk, day), at(2026, 3, 10, 2))
    assert [days_of(who) for who in (ada, bob, old)] == [["2026-03-10"], [], ["2026-03-10"]]


def test_a_paused_program_celebrates_nobody(made):
    gift(made)
    born(made, "03-10")
    made.status = "paused"
    made.save()
    made.refresh_from_db()
    assert not coming(made, at(2026, 3, 9))
