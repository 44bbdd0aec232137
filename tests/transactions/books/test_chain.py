"""Each entry vouches for the one before it: what was changed, removed or slipped in shows."""

import pytest

from tests.support import factories
from tests.support.factories import post, post_one, purchase, redemption, reversal
from transactions.books import chain
from transactions.models import Entry

#: Everything that an entry says; its key says nothing.
FIELDS = [field.attname for field in Entry._meta.concrete_fields if field.attname not in ("id", "chain")]


def entries(who):
    return list(who.entries.order_by("sequence").values("chain", *FIELDS))


def broken_at(rows):
    """The place of the first row whose chain value does not follow from the row before, or None."""
    last = ""
    for place, row in enumerate(rows):
        if row["chain"] != chain.link(last, row):
            return place
        last = row["chain"]
    return None


@pytest.fixture
def rows(made, who):
    bought = post_one(made, purchase(who, 1000))
    spent = post_one(made, redemption(who, 4))
    post(made, purchase(who, 500), purchase(who, 700), reversal(spent.journal_id))
    post_one(made, reversal(bought.journal_id))
    return entries(who)


def test_every_entry_follows_from_the_one_before(who, rows):
    assert broken_at(rows) is None
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    who.refresh_from_db()
    assert (who.sequence, who.chain) == (len(rows), rows[-1]["chain"])


@pytest.mark.parametrize("name", FIELDS)
def test_any_changed_column_breaks_it(rows, name):
    other = {"kind": "credit!", "activity_at": factories.at(2020, 1, 1), "posted_at": factories.at(2020, 1, 1)}
    rows[2][name] = other.get(name) or rows[2][name] + 1
    assert broken_at(rows) == 2


def test_a_removed_entry_breaks_it(rows):
    del rows[3]
    assert broken_at(rows) == 3


def test_exchanged_entries_break_it(rows):
    rows[1], rows[2] = rows[2], rows[1]
    assert broken_at(rows) == 1


def test_members_have_chains_of_their_own(made, who):
    other = factories.member(made)
    post(made, purchase(who, 1000), purchase(other, 1000), purchase(who, 1000))
    assert broken_at(entries(who)) is None
    assert broken_at(entries(other)) is None
    assert entries(who)[0]["chain"] != entries(other)[0]["chain"]
