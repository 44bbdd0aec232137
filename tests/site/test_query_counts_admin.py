"""Each page of the admin takes as many statements as are recorded, and no more for more rows."""

from functools import partial

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from tests.support.admin_pages import FOR_STRANGERS, REFUSED, pages
from tests.support.lively import LivelyShop
from tests.support.query_counts import count

MANY = (" list", " search", " autocomplete", " delete")


@pytest.fixture
def browser(client, boss):
    # These are looked up once in a process, by whichever page is the first.
    ContentType.objects.get_for_models(*apps.get_models())
    client.force_login(boss)
    return client


def test_the_pages_of_the_admin(browser, lively_shop, hold):
    counts = {}
    for page in pages():
        assert page.name not in counts, "Two addresses have one name."
        if page.name in REFUSED:
            page.get(browser)
            continue
        counts[page.name] = count(partial(page.get, Client() if page.name in FOR_STRANGERS else browser))
    hold("admin", counts)


def test_a_page_takes_as_many_statements_for_more_rows(browser, lively_shop):
    """Those that show many rows: lists, what is offered to choose from, and what keeps a row from being deleted."""
    many = [page for page in pages() if page.name.endswith(MANY) and page.name not in REFUSED]
    before = {page.name: count(partial(page.get, browser)) for page in many}
    LivelyShop("-2")
    for number in range(3):
        lively_shop.ask(200 + number, f"ask-more-{number}")
    assert {page.name: count(partial(page.get, browser)) for page in many} == before
