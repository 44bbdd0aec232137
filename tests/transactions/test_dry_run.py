"""A dry run computes everything and writes nothing."""

import pytest

from tests.support import factories
from tests.support.factories import held, line, post, post_one, purchase, redemption, reversal
from transactions import ledger


def test_it_writes_to_no_table(made, who, count_rows):
    first = post_one(made, purchase(who, 60000))
    before = count_rows()
    batch = [purchase(who, 60000, lines=(line("S", 60000),)), redemption(who, 100), reversal(first.journal_id)]
    results = post(made, *batch, dry_run=True)
    assert [result.status for result in results] == ["posted"] * 3
    assert count_rows() == before
    who.refresh_from_db()
    assert (who.sequence, held(who), held(who, "status")) == (2, 600, 600)
    assert who.standings.current().get().tier.code == "silver"


def test_it_answers_what_posting_answers(made, who):
    item = purchase(who, 60000)
    dry = post_one(made, item, dry_run=True)
    wet = post_one(made, item)
    assert dry.answer == wet.answer
    assert wet.status == "posted"


def test_it_refuses_what_posting_refuses(made, who):
    bad = redemption(who, 5)
    assert post(made, bad, dry_run=True)[0].refusal == post(made, bad)[0].refusal


def test_it_tells_a_known_fact_from_a_new_one(made, who):
    item = purchase(who, 1000)
    posted = post_one(made, item)
    again = post_one(made, item, dry_run=True)
    assert (again.status, again.journal_id, again.answer) == ("replayed", posted.journal_id, posted.answer)


def test_a_draft_can_be_tried_but_takes_no_facts(made, who):
    made.status = "draft"
    made.save()
    assert post_one(made, purchase(who, 1000), dry_run=True).answer["points"]["points"] == 10
    with pytest.raises(ledger.ProgramNotActive):
        post(made, purchase(who, 1000))


@pytest.mark.parametrize("status", ["paused", "closed"])
def test_what_is_not_a_draft_cannot_be_tried_while_it_takes_no_facts(made, who, status):
    made.status = status
    made.save()
    with pytest.raises(ledger.ProgramNotActive):
        post(made, purchase(who, 1000), dry_run=True)


def test_posting_goes_on_behind_it(made, who):
    post_one(made, purchase(who, 1000), dry_run=True)
    assert not who.balances.exists()
    post_one(made, purchase(who, 1000))
    post_one(made, factories.redemption(who, 10), dry_run=True)
    assert held(who) == 10
