"""Who was given points at once with others, in the night that begins the day?"""

import pytest

from transactions.occasions import alike


@pytest.fixture
def taken(monkeypatch):
    """Keys of the members to whom many at once were given; the others took the general way."""
    found, real = [], alike.give

    def watched(configuration, day, plans, **options):
        done = real(configuration, day, plans, **options)
        found.extend(plans[place].person.id for place in done)
        return done

    monkeypatch.setattr(alike, "give", watched)
    return found
