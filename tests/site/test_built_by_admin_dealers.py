"""The dealer program of docs/examples is built in the admin alone, and gives what its story says."""

import json
from pathlib import Path

from django.conf import settings

from partners.models import Partner
from programs import document
from programs.models import Program
from tests.support import program_stories
from tests.support.balanced import assert_balanced
from tests.support.built_in_admin import Desk, PeopleAtDesk

EXAMPLE = Path(settings.BASE_DIR) / "docs" / "examples" / "dealers.json"


def test_what_is_built_in_the_admin_is_its_document_and_gives_the_same(client, boss, time_machine):
    def travel(to):
        time_machine.move_to(to, tick=False)

    assert not Program.objects.exists()
    assert not Partner.objects.exists()
    travel(program_stories.START)
    wanted = json.loads(EXAMPLE.read_text())
    desk = Desk(client)
    program = desk.build(wanted)
    assert document.export(program) == document.normal(wanted)
    assert desk.doubts(program) == []
    program_stories.dealers(program, PeopleAtDesk(desk, program), travel)
    assert_balanced(program)
