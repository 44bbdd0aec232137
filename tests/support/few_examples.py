"""How many random lives, or programs, does a law of the ledger take? A few each time, many in `make test-long`."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("long", max_examples=1_000)


def few_examples(test):
    """One of these takes as long as many numbers, so there is one for ten of the others."""
    few = settings(
        max_examples=settings.default.max_examples // 10,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    return pytest.mark.few_examples(few(test))
