"""Lists are read page by page, and filtered."""

import pytest

from tests.support import factories
from tests.support.api_life import purchase
from transactions.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def club(club):
    factories.store(club.owner, "lyon")
    return club


def test_lists_are_read_page_by_page(shop, ada):
    shop.post("transactions/", [purchase(f"o-{n}", "5") for n in range(7)])
    for path, number in (("transactions/", 7), ("entries/", 14)):
        for query in ({}, {"member": ada.number}):
            seen, page = [], shop.get(path, page_size="3", **query)
            while True:
                seen += [row["id"] for row in page.said["results"]]
                if not page.said["next"]:
                    break
                page = shop.get(page.said["next"].removeprefix("http://testserver"))
            assert len(seen) == number
            assert seen == sorted(seen, reverse=True)
            back = shop.get(page.said["previous"].removeprefix("http://testserver"))
            assert back.said["next"]


def test_transactions_are_filtered(shop, club, ada):
    other = factories.member(club)
    at = "2026-03-09T17:30:00Z"
    club.max_backdate_days = 36500
    club.save()
    shop.post(
        "transactions/", [purchase("a", "5", store="lyon"), purchase("b", "0", activity="visit", activity_at=at)]
    )
    shop.post("transactions/", purchase("c", "7", member={"number": other.number}, channel="web"))
    bought = shop.get("transactions/", external_id="a").said["results"][0]["id"]
    shop.post(f"transactions/{bought}/reversal/")

    def names(**query):
        return [row["external_id"] for row in reversed(shop.get("transactions/", **query).said["results"])]

    reversal = f"reversal-{bought}"
    assert sorted(names()) == ["a", "b", "c", reversal]
    assert names(member=other.number) == ["c"]
    assert names(member="0") == []
    assert names(kind="reversal") == [reversal]
    assert names(status="reversed") == ["a"]
    assert names(store="lyon") == ["a"]
    assert names(channel="web") == ["c"]
    assert names(activity="visit") == ["b"]
    assert names(currency="points") == ["a", "c", reversal]
    assert names(currency="none") == []
    assert names(activity_before="2026-03-10T00:00:00Z") == ["b"]
    assert names(activity_from=at, activity_before="2026-03-09T17:30:00Z") == []
    assert names(activity_from="2026-03-09T18:30:00+01:00", activity_before="2026-03-09T18:30:01+01:00") == ["b"]
    assert names(received_before=at) == []


def test_entries_are_filtered(shop, ada):
    bought = shop.post("transactions/", purchase("a", "5")).said["id"]
    shop.post("redemptions/", {"external_id": "r", "member": {"card": "C-1815"}, "points": 2})

    def points(**query):
        return [row["points"] for row in shop.get("entries/", **query).said["results"]]

    assert points() == [-2, 5, 5]
    assert points(currency="points") == [-2, 5]
    assert points(kind="debit") == [-2]
    assert points(transaction=str(bought)) == [5, 5]
    assert points(posted_before="2020-01-01T00:00:00Z") == []
    first = shop.get("entries/", currency="points", kind="credit").said["results"][0]
    assert (first["remaining"], first["balance_after"]) == (3, 5)
    assert Entry.objects.count() == 3
