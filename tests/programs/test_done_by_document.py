"""The programs of docs/examples: each is one document, from an empty database, and gives what its story says."""

from io import StringIO

import pytest
from django.core.management import call_command

from partners.models import Partner
from programs import document, promotion_codes
from programs.models import Program
from tests.support import program_stories, shop_stories
from tests.support.balanced import assert_balanced
from tests.support.documented import EXAMPLES, by_document, example
from tests.support.program_stories import People

#: When each is imported that has a story.
MOMENTS = dict.fromkeys(program_stories.STORIES, program_stories.START)
MOMENTS |= dict.fromkeys(shop_stories.STORIES, shop_stories.BUILT)

pytestmark = pytest.mark.django_db


@pytest.fixture(params=MOMENTS)
def code(request, time_machine):
    """A program with a story, at its moment."""
    time_machine.move_to(MOMENTS[request.param], tick=False)
    return request.param


def said(*words, **options):
    """What `manage.py program` writes to standard output and standard error."""
    out, err = StringIO(), StringIO()
    call_command("program", *words, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_nothing_is_said_against_an_example(code):
    """Nor when it is imported, imported again, exported, and what was exported is imported."""
    assert not Partner.objects.exists()
    file = str(EXAMPLES / f"{code}.json")
    found, warnings = said("check", file)
    assert (found.splitlines()[-1], warnings) == (f"{file}: no problems", "")
    made, warnings = said("import", file, create_partners=True)
    assert ("nothing to change" in made, warnings) == (False, "")
    assert said("import", file) == ("nothing to change\n", "")
    for source in (file, code):
        found, warnings = said("check", source)
        assert (found.splitlines()[-1], warnings) == (f"{source}: no problems", "")
    exported = document.export(Program.objects.get(code=code))
    assert exported == document.normal(example(code))
    assert document.apply(exported) == []


def test_what_is_exported_can_be_imported(code, tmp_path):
    document.apply(document.read((EXAMPLES / f"{code}.json").read_text()), create_partners=True)
    said("export", code, str(tmp_path / "exported.json"))
    assert said("import", str(tmp_path / "exported.json")) == ("nothing to change\n", "")


@pytest.mark.parametrize("code", program_stories.STORIES, indirect=True)
def test_it_gives_what_its_story_says(code, time_machine):
    def travel(to):
        time_machine.move_to(to, tick=False)

    program = by_document(code)
    program_stories.STORIES[code](program, People(program), travel)
    assert_balanced(program)


@pytest.mark.parametrize("code", shop_stories.STORIES, indirect=True)
def test_its_members_earn_what_its_story_says(code, time_machine):
    made = by_document(code)
    for offer in made.promotions.filter(uses_per_code__gt=0):
        promotion_codes.take(offer, shop_stories.CODES)
    shop_stories.STORIES[code](made, time_machine)


def test_the_documentation_lists_every_example():
    text = (EXAMPLES.parent / "programs.md").read_text()
    assert [file.name for file in EXAMPLES.iterdir() if f"(examples/{file.name})" not in text] == []
