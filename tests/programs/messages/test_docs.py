"""Do the examples of docs/messages.md work, and does it tell of all that there is?"""

import re
from pathlib import Path

import pytest
from django.conf import settings

from programs.messages import language, saving, templates
from programs.messages.rendering import Words
from programs.messages.saving import Use

TEXT = (Path(settings.BASE_DIR) / "docs" / "messages.md").read_text()
#: Of what an example is, where it is of no purchase.
EVENT_OF = {"changed": "member.updated", "expiring": "points.expiring", "statement": "statement.monthly"}
BLOCKS = re.findall(r"^```\n(.*?)^```", TEXT, re.M | re.S)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_examples_are_taken(block):
    assert saving.problems(Words("en", "News", block), Use("points.earned")) == {}


def test_the_tags_of_the_text_are_syntax_that_there_is():
    assert len(BLOCKS) == 2
    for tag in language.register.tags:
        assert f"{{% {tag} " in TEXT, tag


def test_every_filter_is_told_of():
    told = set(re.findall(r"\\\|(\w+)", TEXT)) | set(re.findall(r"`(\w+)(?::[^`]*)?`", TEXT))
    assert set(language.register.filters) <= told


def test_what_the_table_of_filters_says_is_what_one_gets():
    rows = re.findall(r"^\| `(\{\{[^`]*)`", TEXT, re.M)
    assert rows
    for row in rows:
        written = row.replace("\\|", "|")
        event = next((EVENT_OF[part] for part in EVENT_OF if part in row), "points.earned")
        assert saving.problems(Words("en", "News", written), Use(event)) == {}, written
        templates.parse(written)
