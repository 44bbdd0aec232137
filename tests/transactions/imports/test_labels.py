"""Files whose rows say labels of what was bought."""

import pytest

from tests.support import factories
from tests.support.importing import PLAIN
from transactions.models import Journal

ONE = {"enrol": True, "fields": PLAIN["fields"] | {"sku": "what", "labels": "tags"}}
SEVERAL = {"enrol": True, "fields": ONE["fields"] | {"order": "id", "line_price": "price"}}


@pytest.fixture(autouse=True)
def no_sale(made):
    factories.rule(
        made,
        "no-sale",
        "per_amount",
        {"points": "2", "per": "1"},
        group="g",
        conditions={"not": {"labels": ["sale"]}},
    )


def test_a_row_says_the_labels_of_what_was_bought(folder, made):
    text = 'who,day,sum,what,tags\n1,2026-03-01,7.00,TEA,"sale, last"\n1,2026-03-02,6.00,JAM,\n'
    assert folder.load(text, ONE).code == 0
    assert factories.held(made.members.get()) == 7 + 6 + 12
    labels = [journal.payload["lines"][0].get("labels", []) for journal in Journal.objects.order_by("activity_at")]
    assert labels == [["sale", "last"], []]


def test_each_row_of_an_order_says_the_labels_of_its_line(folder, made):
    text = (
        "id,who,day,sum,what,tags,price\n#1,1,2026-03-01,30.00,CHEESE,sale,20.00\n#1,1,2026-03-01,30.00,TEA,,10.00\n"
    )
    assert folder.load(text, SEVERAL).code == 0
    assert factories.held(made.members.get()) == 30 + 20


def test_a_label_that_is_too_long_is_named_by_its_line(folder):
    run = folder.load(f"who,day,sum,what,tags\n1,2026-03-01,7.00,TEA,{'x' * 65}\n", ONE)
    assert run.code == 1
    assert not Journal.objects.exists()
