"""Who is in a segment is stored as it was looked up last: who came, who left, and since when."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.models import SegmentMembership
from members.segments import asking, exporting, keeping
from tests.support import factories
from tests.support.factories import at
from tests.support.merging import join
from tests.support.segments import inside, keep, segment
from tests.support.stage import kept
from transactions.erasing import erasures

FRENCH = {"language": {"languages": ["fr"]}}


@kept
def made(db):
    return factories.program()


@kept
def ada(made):
    return factories.member(made, language="fr")


@kept
def bob(made):
    return factories.member(made, language="fr")


@kept
def eve(made):
    return factories.member(made, language="en")


def speak(who, language):
    who.customer.language = language
    who.customer.save()


def test_who_came_is_stored_and_who_left_is_not_any_more(made, ada, bob, eve):
    french = segment(made, "french", FRENCH)
    assert keep(made, "french") == (2, 0)
    assert inside(french) == {ada.pk, bob.pk}
    speak(ada, "en")
    speak(eve, "fr")
    assert keep(made, "french") == (1, 1)
    assert inside(french) == {bob.pk, eve.pk}


def test_looking_twice_changes_nothing_not_even_since_when(made, ada, bob):
    segment(made, "french", FRENCH)
    keep(made, "french", now=at(2026, 3, 1))
    assert keep(made, "french", now=at(2026, 3, 2)) == (0, 0)
    assert set(SegmentMembership.objects.values_list("since", flat=True)) == {at(2026, 3, 1)}


def test_only_the_members_of_the_batch_are_looked_at(made, ada, bob):
    french = segment(made, "french", FRENCH)
    assert keeping.keep(made, ["french"], bob.pk, bob.pk, now=at(2026, 3, 1)) == (1, 0)
    assert inside(french) == {bob.pk}
    speak(bob, "en")
    assert keeping.keep(made, ["french"], ada.pk, ada.pk, now=at(2026, 3, 1)) == (1, 0)
    assert inside(french) == {ada.pk, bob.pk}


def test_in_a_segment_that_is_switched_off_is_nobody(made, ada):
    french = segment(made, "french", FRENCH)
    keep(made, "french")
    french.is_active = False
    french.save()
    assert list(keeping.segments_of(ada)) == []
    assert list(exporting.lines(french))[1:] == []
    assert keep(made, "french") == (0, 1)
    assert inside(french) == set()


def test_the_segments_of_a_member_are_told_with_since(made, ada, bob, eve):
    french = segment(made, "french", FRENCH)
    lapsed = segment(made, "lapsed", {"not": {"last_purchase": {"at_most": 30}}}, name="Asleep")
    keep(made, "french", "lapsed", now=at(2026, 3, 1))
    assert [(one.segment.code, one.segment.name, one.since) for one in keeping.segments_of(ada)] == [
        ("lapsed", "Asleep", at(2026, 3, 1)),
        ("french", "French", at(2026, 3, 1)),
    ]
    assert {ada.pk, eve.pk} & inside(french) == {ada.pk}
    assert {ada.pk, eve.pk} & inside(lapsed) == {ada.pk, eve.pk}


def test_the_segments_of_a_member_cost_one_statement(made, ada, django_assert_num_queries):
    segment(made, "french", FRENCH)
    keep(made, "french")
    with django_assert_num_queries(1):
        assert [one.segment.name for one in keeping.segments_of(ada)] == ["French"]


def test_who_leaves_at_once_is_in_none_before_the_next_night(made, ada, bob):
    french = segment(made, "french", FRENCH)
    keep(made, "french")
    keeping.leave([ada.pk])
    assert inside(french) == {bob.pk}


def test_a_change_reaches_all_segments_of_which_it_is_a_condition(made):
    segment(made, "a", FRENCH)
    segment(made, "b", {"segment": {"code": "a"}})
    segment(made, "c", {"not": {"segment": {"code": "b"}}})
    segment(made, "d", FRENCH)
    assert asking.dependents(made, "a") == ["a", "b", "c"]
    assert asking.dependents(made, "c") == ["c"]


def test_a_circle_that_got_past_the_form_ends_and_holds_nobody(made, ada):
    segment(made, "a", FRENCH)
    made.segments.update(conditions={"segment": {"code": "a"}})
    assert keep(made, "a") == (0, 0)


def test_the_number_of_statements_is_that_of_the_segments_not_of_the_members(made, ada):
    segment(made, "french", FRENCH)
    # The first look compiles the program.
    assert keep(made, "french") == (1, 0)
    SegmentMembership.objects.all().delete()
    with CaptureQueriesContext(connection) as of_one:
        assert keep(made, "french") == (1, 0)
    for _ in range(5):
        factories.member(made, language="fr")
    speak(ada, "en")
    with CaptureQueriesContext(connection) as of_many:
        assert keep(made, "french") == (5, 1)
    assert len(of_many) == len(of_one)


def test_who_is_merged_into_another_leaves_all_segments_at_once(made, ada, bob):
    french = segment(made, "french", FRENCH)
    keep(made, "french")
    join(ada, bob)
    assert inside(french) == {bob.pk}


def test_who_is_erased_leaves_all_segments_at_once(made, ada, bob):
    french = segment(made, "french", {"balance": {"currency": "points", "at_most": 0}})
    keep(made, "french")
    erasures.erase(ada.customer, reason="Asked for it")
    assert inside(french) == {bob.pk}
    assert keep(made, "french") == (0, 0)
