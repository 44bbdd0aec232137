"""Files of shops that weigh: quantities with up to three decimals, in the notation of the file."""

import pytest

from tests.support import factories
from tests.support.importing import PLAIN
from transactions.models import Journal, JournalLine

ONE = {"enrol": True, "fields": PLAIN["fields"] | {"sku": "what", "quantity": "n"}}
SEVERAL = {"enrol": True, "fields": ONE["fields"] | {"order": "id", "line_price": "price"}}


def bought():
    return [line.in_thousandths for line in JournalLine.objects.order_by("pk")]


def test_weights_and_pieces_stand_in_one_column(folder):
    text = "who,day,sum,what,n\n1,2026-03-01,7.00,CHEESE,0.350\n1,2026-03-02,6.00,TEA,2\n1,2026-03-03,6.00,JAM,2.0\n"
    assert folder.load(text, ONE).code == 0
    assert bought() == [350, 2000, 2000]


def test_a_weight_is_written_as_the_amounts_of_the_file_are(folder):
    text = "who;day;sum;what;n\n1;2026-03-01;7,00;CHEESE;0,350\n1;2026-03-01;7,00;RICE;1.250,5\n"
    mapping = ONE | {"delimiter": ";", "decimal": ",", "thousands": "."}
    assert folder.load(text, mapping).code == 0
    assert bought() == [350, 1_250_500]


@pytest.mark.parametrize("cell", ["0.0005", "-1", "", "some", "1e3", "0,5"])
def test_what_is_no_quantity_is_named_by_its_line(folder, cell):
    run = folder.load(f'who,day,sum,what,n\n1,2026-03-01,7.00,CHEESE,"{cell}"\n', ONE)
    assert (run.code, run.codes) == (1, [(2, "quantity", "invalid_value")])
    assert not Journal.objects.exists()


def test_the_price_of_a_unit_times_its_weight_divides_an_order(folder, made):
    text = "id,who,day,sum,what,n,price\n#1,1,2026-03-01,30.00,CHEESE,0.5,40.00\n#1,1,2026-03-01,30.00,TEA,1,10.00\n"
    assert folder.load(text, SEVERAL).code == 0
    assert [(line.in_thousandths, line.amount) for line in JournalLine.objects.order_by("pk")] == [
        (500, 2000),
        (1000, 1000),
    ]


def test_a_row_without_an_id_keeps_the_name_that_it_had(folder, made):
    """A file that is imported again, after an upgrade too, posts only what is new."""
    folder.load("who,day,sum,what,n\n1,2026-03-01,7.00,TEA,2\n", ONE)
    (first,) = Journal.objects.values_list("external_id", flat=True)
    assert first == "row-29723976338b7fe0d1c2c57be59c1219-1"
    folder.load("who,day,sum,what,n\n1,2026-03-01,7.00,TEA,2.000\n", ONE)
    assert Journal.objects.count() == 1
    folder.load("who,day,sum,what,n\n1,2026-03-01,7.00,TEA,2.001\n", ONE)
    assert Journal.objects.count() == 2
    assert factories.held(made.members.get()) == 14
