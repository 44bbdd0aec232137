"""What a platform exports is imported as it is: what was paid counts, less what came back, for whoever is named."""

from pathlib import Path

import pytest

from loyalty_site import mappings
from members.models import Member
from partners.models import Connection
from tests.support import factories
from transactions.models import Journal, JournalLine
from transactions.proof.audit import audit

EXPORTS = Path(__file__).parent / "exports"
#: Of each export: the points of Kim, who earns nothing for tax, and whose second purchase came back by a quarter.
POINTS = {"shopify": 54 - 9 + 30, "woocommerce": 54 + 30, "square": 1054 + 30, "magento": 54 + 30, "stripe": 54 + 30}


@pytest.fixture
def made(db, request):
    money = "USD" if "square" in request.node.name else "EUR"
    made = factories.program(rules=False, expiry="never", max_backdate_days=20_000, money=money)
    factories.rule(made, "spend", "per_amount", {"points": "1", "per": "1"})
    return made


def test_there_is_a_mapping_for_each_of_these_platforms():
    assert mappings.names() == sorted(POINTS) == sorted(path.stem for path in EXPORTS.glob("*.csv"))


@pytest.mark.parametrize("platform", POINTS)
def test_an_export_is_imported_by_the_name_of_its_platform(folder, made, platform):
    content = (EXPORTS / f"{platform}.csv").read_bytes()
    named = mappings.path_of(platform)
    run = folder.load(content, named)
    assert (run.code, run.report) == (0, [])
    assert "3 posted" in run.told or "5 posted" in run.told
    assert "2 members enrolled" in run.told
    assert "Passed over: 1 without a customer and 1 left out by the mapping." in run.told
    assert "2 refunds posted." in run.told
    assert sorted(factories.held(member) for member in Member.objects.all()) == [0, POINTS[platform]]
    journals = Journal.objects.count()
    assert folder.load(content, named).code == 0
    assert Journal.objects.count() == journals
    assert list(audit(made)) == []


def test_a_dry_run_of_an_export_foresees_it(folder, made):
    content = (EXPORTS / "shopify.csv").read_bytes()
    told = folder.load(content, mappings.path_of("shopify"), "--dry-run").told
    assert not Connection.objects.exists()
    run = folder.load(content, mappings.path_of("shopify"))
    assert told.split(" s: ")[1].replace("would be ", "") == run.told.split(" s: ")[1]


def test_the_lines_of_an_order_have_its_total_without_shipping(folder, made):
    folder.load((EXPORTS / "shopify.csv").read_bytes(), mappings.path_of("shopify"))
    lines = JournalLine.objects.filter(journal__external_id="#2001").order_by("position")
    assert list(lines.values_list("sku", "category", "amount")) == [("TEA-1", "tea", 2400), ("CUP-1", "cups", 3000)]


def test_a_name_that_is_none_is_taken_for_a_file(folder, tmp_path):
    run = folder.load("id\n1\n", tmp_path / "nowhere")
    assert (run.code, run.error) == (2, f"{tmp_path / 'nowhere'}: No such file or directory")
