"""How does a test try something again and again, and each time begin as before?"""

from contextlib import contextmanager

from django.db import transaction

from programs import versions


@contextmanager
def rolled_back():
    """What happens inside is rolled back at its end. Programs stay compiled while it lasts, as in a test."""
    before = dict(versions._current)
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        try:
            yield
        finally:
            transaction.set_rollback(True)
            versions.forget()
            versions._current.update(before)
