"""A program whose members have a past, a day in the middle of its cycle, and the people who decide."""

import pytest

from tests.support import factories, policies
from tests.support.ladders import noon


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=900)


@pytest.fixture
def now(made):
    return noon(made, 2026, 6, 15)


@pytest.fixture
def people(django_user_model):
    return policies.people(django_user_model)
