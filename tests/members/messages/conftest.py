import pytest

from tests.support import factories
from tests.support.messaging import fake_channels  # noqa: F401 (a fixture)


@pytest.fixture(autouse=True)
def _with_fake_channels(fake_channels):  # noqa: F811 (the fixture)
    """Every test of messages has channels that send nothing."""


@pytest.fixture
def club(db):
    return factories.program("club", name="Alpine Club")


@pytest.fixture
def ada(club):
    return factories.member(club, first_name="Ada", email="ada@example.com", phone="+33612345678", language="fr")
