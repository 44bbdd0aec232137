"""The programs of docs/examples: each is its document alone, and gives what its story says."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from programs import document
from programs.models import Program
from tests.support import program_stories
from tests.support.balanced import assert_balanced
from tests.support.program_stories import START, People

EXAMPLES = Path(settings.BASE_DIR) / "docs" / "examples"
STORIES = {
    "leisure": program_stories.leisure,
    "dealers": program_stories.dealers,
    "airline": program_stories.airline,
}

pytestmark = pytest.mark.django_db


def said(*words, **options):
    """What `manage.py program` writes to standard output and standard error."""
    out, err = StringIO(), StringIO()
    call_command("program", *words, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize("code", STORIES)
def test_nothing_is_said_against_an_example(code):
    """Nor when it is imported, imported again, exported, and what was exported is imported."""
    file = str(EXAMPLES / f"{code}.json")
    found, warnings = said("check", file)
    assert (found.splitlines()[-1], warnings) == (f"{file}: no problems", "")
    made, warnings = said("import", file, create_partners=True)
    assert ("nothing to change" in made, warnings) == (False, "")
    assert said("import", file) == ("nothing to change\n", "")
    found, warnings = said("check", code)
    assert (found.splitlines()[-1], warnings) == (f"{code}: no problems", "")


@pytest.mark.parametrize("code", STORIES)
def test_what_is_exported_can_be_imported(code, tmp_path):
    document.apply(document.read((EXAMPLES / f"{code}.json").read_text()), create_partners=True)
    said("export", code, str(tmp_path / "exported.json"))
    assert said("import", str(tmp_path / "exported.json")) == ("nothing to change\n", "")


@pytest.mark.parametrize("code", STORIES)
def test_it_gives_what_its_story_says(code, time_machine):
    def travel(to):
        time_machine.move_to(to, tick=False)

    travel(START)
    document.apply(json.loads((EXAMPLES / f"{code}.json").read_text()), create_partners=True)
    program = Program.objects.get(code=code)
    STORIES[code](program, People(program), travel)
    assert_balanced(program)


def test_the_documentation_lists_every_example():
    text = (EXAMPLES.parent / "programs.md").read_text()
    assert [file.name for file in EXAMPLES.iterdir() if f"(examples/{file.name})" not in text] == []
