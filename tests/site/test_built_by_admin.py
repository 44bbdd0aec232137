"""A leisure centre, a dealer program and an airline are built in the admin alone, and give what their stories say."""

import pytest

from partners.models import Partner
from programs.models import Program
from tests.support.balanced import assert_balanced
from tests.support.built_in_admin import Desk, PeopleAtDesk
from tests.support.documented import as_the_example, example
from tests.support.program_stories import START, STORIES


@pytest.mark.parametrize("code", STORIES)
def test_what_is_built_in_the_admin_is_its_document_and_gives_the_same(client, boss, now_is, code):
    assert not Program.objects.exists()
    assert not Partner.objects.exists()
    now_is(START)
    desk = Desk(client)
    program = desk.build(example(code))
    as_the_example(program)
    assert desk.doubts(program) == []
    STORIES[code](program, PeopleAtDesk(desk, program), now_is)
    assert_balanced(program)
