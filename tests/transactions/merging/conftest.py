"""Two memberships of one person."""

import pytest

from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.stage import kept


@pytest.fixture
def ada(made):
    yield factories.member(made)
    assert_balanced(made)


@kept
def twin(made):
    return factories.member(made)
