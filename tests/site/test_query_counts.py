"""Each endpoint and each page of the admin takes as many statements as are recorded: no more, and no fewer unseen."""

import itertools
from functools import partial

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.urls import get_resolver, reverse

from tests.support import factories, query_counts
from tests.support.query_counts import count
from transactions.models import Journal

MODELS = list(admin.site._registry)
RECORD = 'make test ARGS="-k query_counts --record-query-counts"'


@pytest.fixture
def hold(request):
    """A function that holds counts to the record, or records them where that is asked for."""

    def hold(area, counts):
        if request.config.getoption("--record-query-counts"):
            query_counts.record(area, counts)
        recorded = query_counts.recorded(area)
        assert counts == recorded, f"If that is right: {RECORD}"

    return hold


def second(prepare):
    """Statements of the second time: the first fills what the process keeps. `prepare` returns what is counted."""
    assert prepare()().status_code < 300
    return count(prepare())


def test_the_pages_of_the_admin(client, boss, lively_shop, rf, hold):
    client.force_login(boss)
    request = rf.get("/")
    request.user = boss
    # These are looked up once in a process, by whichever page is the first.
    ContentType.objects.get_for_models(*apps.get_models())
    counts = {"admin index": count(partial(client.get, reverse("admin:index")))}
    for model in MODELS:
        addresses = {"list": address(model, "changelist")}
        if (row := model._default_manager.order_by("pk").first()) is not None:
            addresses["change"] = address(model, "change", row.pk)
        if admin.site._registry[model].has_add_permission(request):
            addresses["add"] = address(model, "add")
        for page, where in addresses.items():
            counts[f"admin {model._meta.label} {page}"] = count(partial(client.get, where))
    hold("admin", counts)


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


class World:
    """A member who has bought, another one, and what a partner's system may ask about them."""

    def __init__(self, shop, club, ada):
        club.currencies.filter(code="points").update(transfers=True)
        club.touch(club.pk)
        self.shop, self.club, self.ada, self.facts = shop, club, ada, itertools.count()
        self.bob = factories.member(club, first_name="Bob")
        self.bought = self.posted(factories.purchase(ada, 200_000))

    def posted(self, item):
        return factories.post_one(self.club, item, via=self.shop.connection).journal_id

    def order(self):
        return self.posted(factories.purchase(self.ada, 1_000, f"order-{next(self.facts)}"))

    def reserved(self):
        return self.posted(factories.redemption(self.ada, 5, reserve_s=600))

    def fact(self, **fields):
        return {"external_id": f"fact-{next(self.facts)}", "member": {"card": "C-1815"}} | fields

    def refund(self):
        order = Journal.objects.get(pk=self.order()).external_id
        return {"external_id": f"refund-{order}", "order": order, "amount": "1.00"}


#: As in the table of addresses -> where to, and what is sent, both made anew each time.
OPERATIONS = {
    "GET programs/": lambda world: "programs/",
    "GET programs/<slug:code>/": lambda world: "programs/club/",
    "GET members/lookup/": lambda world: "members/lookup/?card=C-1815",
    "GET members/<slug:number>/": lambda world: f"members/{world.ada.number}/",
    "GET transactions/": lambda world: f"transactions/?member={world.ada.number}",
    "GET transactions/<int:id>/": lambda world: f"transactions/{world.bought}/",
    "GET entries/": lambda world: f"entries/?member={world.ada.number}",
    "GET entries/<int:id>/explanation/": lambda world: f"entries/{world.ada.entries.first().pk}/explanation/",
    "POST members/": lambda world: ("members/", {"email": f"{next(world.facts)}@example.com"}),
    "POST transactions/": lambda world: ("transactions/", world.fact(activity="purchase", amount="10.00")),
    "POST transactions/<int:id>/reversal/": lambda world: (f"transactions/{world.order()}/reversal/", {}),
    "POST redemptions/": lambda world: ("redemptions/", world.fact(points=5)),
    "POST redemptions/<int:id>/confirm/": lambda world: (f"redemptions/{world.reserved()}/confirm/", {}),
    "POST redemptions/<int:id>/release/": lambda world: (f"redemptions/{world.reserved()}/release/", {}),
    "POST reversals/": lambda world: ("reversals/", world.refund()),
    "POST transfers/": lambda world: ("transfers/", world.fact(to={"number": world.bob.number}, points=5)),
    "POST adjustments/": lambda world: ("adjustments/", world.fact(points=5, reason="Sorry")),
}


def operations():
    for pattern in get_resolver("loyalty_site.api").url_patterns:
        # The first request of a GET makes its HEAD known, which is the same deed.
        for method in {"get", "post", "put", "patch", "delete"} & set(getattr(pattern.callback, "actions", ())):
            yield f"{method.upper()} {pattern.pattern}"


def asked(shop, wanted):
    path, *bodies = (wanted,) if isinstance(wanted, str) else wanted
    return partial(shop.post, path, *bodies) if bodies else partial(shop.get, path)


def test_the_endpoints_of_the_api(shop, club, ada, hold):
    assert set(OPERATIONS) == set(operations())
    world = World(shop, club, ada)
    counts = {}
    for name, make in OPERATIONS.items():
        counts[f"api {name}"] = second(lambda make=make: asked(shop, make(world)))
    hold("api", counts)
