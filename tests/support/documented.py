"""What are the programs of docs/examples, and is a program that was made in another way one of them?"""

import json
from pathlib import Path

from django.conf import settings

from programs import document
from programs.models import Program

EXAMPLES = Path(settings.BASE_DIR) / "docs" / "examples"
CODES = sorted(path.stem for path in EXAMPLES.glob("*.json"))


def example(code):
    """The document of a program."""
    return json.loads((EXAMPLES / f"{code}.json").read_text())


def by_document(code):
    """The program as its document makes it."""
    document.apply(example(code), create_partners=True)
    return Program.objects.get(code=code)


def as_the_example(made):
    """Fails unless `made` is, to the last field, what importing the example of its code would have made."""
    made.refresh_from_db()
    wanted, found = document.normal(example(made.code)), document.export(made)
    for part, expected in wanted.items():
        assert found[part] == expected, part
    assert found == wanted
    assert document.apply(example(made.code)) == []
    assert [*document.lint(found), *document.unknown(found)] == []
