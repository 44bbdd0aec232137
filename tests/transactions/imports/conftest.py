"""A program for files of purchases, and the folder in which they arrive."""

import pytest

from tests.support import factories
from tests.support.importing import Folder


@pytest.fixture
def made(db):
    """One point for each whole euro and purchase, for ever."""
    made = factories.program(rules=False, expiry="never", max_backdate_days=20_000)
    factories.rule(made, "spend", "per_amount", {"points": "1", "per": "1"})
    return made


@pytest.fixture
def folder(tmp_path, made):
    return Folder(tmp_path, made)
