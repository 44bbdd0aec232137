"""What docs/segments.md shows is a right document, and it names every condition there is."""

import json
import re
from pathlib import Path

from django.conf import settings

from programs import document
from programs.segments import registry
from tests.support.examples import example

TEXT = (Path(settings.BASE_DIR) / "docs" / "segments.md").read_text()


def test_the_example_is_right():
    shown = json.loads(re.search(r"```json\n(.*?)```", TEXT, re.S)[1])
    assert document.check(example() | shown) == []


def test_every_condition_stands_in_the_table_with_what_it_needs():
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    named = {key: row for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named.keys() == registry.conditions().keys()
    for key, kind in registry.conditions().items():
        row = named["lifetime_earned" if key == "lifetime_redeemed" else key]
        if "the same" not in row:
            assert all(f"`{name}`" in row for name in kind.Params.base_fields), key
