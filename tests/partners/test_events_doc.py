"""docs/events.md names every event, what it means and what it says, as the code has them."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from loyalty_site.lib.schema_objects import Answer, Items
from partners import event_samples, event_shapes
from partners.events import EVENTS, About

TEXT = (Path(settings.BASE_DIR) / "docs" / "events.md").read_text()


def section(title):
    return re.search(rf"## {title}\n(.*?)(\n## |\Z)", TEXT, re.S)[1]


def rows(title):
    return re.findall(r"^\| (`.*) \|$", section(title), re.M)


@pytest.mark.parametrize("about", About)
def test_the_catalogue_is_that_of_the_code(about):
    expected = [
        f"`{name}` | {event_samples.meaning(name)} | {', '.join(f'`{part}`' for part in event.says)}"
        for name, event in EVENTS.items()
        if event.about == about
    ]
    assert rows({About.MEMBER: "Events of members", About.STAFF: "Events of staff"}[about]) == expected


def fields(kind):
    kind = kind.of if isinstance(kind, Items) else kind
    return list(kind.fields) if isinstance(kind, Answer) else []


def test_the_parts_are_those_of_the_code():
    expected = [
        f"`{part}` | {', '.join(f'`{field}`' for field in fields(kind)) or 'a list of texts'}"
        for part, kind in event_shapes.PARTS.items()
    ]
    assert rows("The parts") == expected


def test_the_example_is_that_of_the_code():
    assert json.loads(re.search(r"```json\n(.*?)```", TEXT, re.S)[1]) == event_shapes.sample_body("tier.upgraded")
