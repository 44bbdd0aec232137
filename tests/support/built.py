"""Is a program that was typed into the back office the one of its document?"""

from programs import document
from tests.support.shop_stories import example


def as_the_example(made):
    """Fails unless `made` is, to the last field, what importing the example of its code would have made."""
    made.refresh_from_db()
    wanted, found = document.normal(example(made.code)), document.export(made)
    for part, expected in wanted.items():
        assert found[part] == expected, part
    assert document.apply(example(made.code)) == []
    assert [*document.lint(found), *document.unknown(found)] == []
