"""The club that the tests of stored programs begin with."""

import pytest

from programs import document
from programs.models import Program
from tests.support.examples import example


@pytest.fixture
def club(db):
    document.apply(example(), create_partners=True)
    return Program.objects.get(code="club")
