"""The guide to programs describes each setting of a program once."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from programs.document.layout import PROGRAM

GUIDE = (Path(settings.BASE_DIR) / "docs" / "programs.md").read_text()
FIELDS = GUIDE[GUIDE.index("**program**: ") : GUIDE.index("**partners** [none]")]


@pytest.mark.parametrize("name", PROGRAM.fields + PROGRAM.codes)
def test_a_setting_of_the_program_is_described_once(name):
    assert len(re.findall(rf"`{name}`", FIELDS)) == 1


@pytest.mark.parametrize("name", [name for name in PROGRAM.fields if PROGRAM.field(name).has_default()])
def test_the_default_that_the_guide_says_is_the_one_that_there_is(name):
    value = PROGRAM.field(name).get_default()
    [row] = [row for row in FIELDS.splitlines() if f"`{name}`" in row and row.startswith("|")]
    default = row.split("|")[2]
    assert (str(value).lower() if isinstance(value, bool) else str(value)) in default
