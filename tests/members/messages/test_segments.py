"""A message for a segment goes to those who are in it when it leaves, and says why it did not go to others."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.outbox.base import Ready, Skip
from tests.support import factories
from tests.support.messaging import composed, event, message, only, spread
from tests.support.segments import keep, segment

FRENCH = {"language": {"languages": ["fr"]}}


@pytest.fixture
def french(club, ada):
    row = segment(club, "french", FRENCH, name="Francophones")
    keep(club, "french")
    return row


def test_who_is_in_the_segment_gets_the_message(club, ada, french):
    message(club, segment=french)
    assert isinstance(only(ada), Ready)


def test_who_is_not_gets_none_and_staff_read_why(club, french):
    bob = factories.member(club, language="en", email="bob@example.com")
    message(club, segment=french)
    assert only(bob) == Skip("The message is for the segment “Francophones”, which the member is not in.")


def test_in_a_segment_that_is_switched_off_nobody_gets_it(club, ada, french):
    message(club, segment=french)
    club.segments.update(is_active=False)
    assert isinstance(only(ada), Skip)


def test_a_message_without_a_segment_asks_for_none(club, ada, french):
    message(club)
    with CaptureQueriesContext(connection) as queries:
        composed(*spread(event(ada)))
    assert not [one for one in queries if "segmentmembership" in one["sql"]]


def test_a_segment_of_another_program_is_refused(club, french):
    other = factories.program()
    row = message(other)
    row.segment = french
    with pytest.raises(ValidationError) as refused:
        row.clean()
    assert refused.value.message_dict["segment"] == ["Choose a segment of the same program."]
