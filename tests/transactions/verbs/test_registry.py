"""Each item has one verb; a second one is refused at import, and does not take the place of the first."""

import pytest

from transactions import verbs
from transactions.verbs.transfers import Give


class Again(Give):
    pass


def test_every_item_has_a_verb_of_its_own():
    kinds = [type(verb) for verb in verbs.registry.values()]
    assert len(kinds) == len(set(kinds)) >= 7


def test_two_verbs_of_one_item_are_refused():
    with pytest.raises(ImportError, match=r"transfers and .*test_registry both post Transfer"):
        verbs.by_item([Give, Again])
