"""Each endpoint takes as many statements as are recorded: no more, and no fewer unseen."""

import itertools
from functools import partial
from typing import NamedTuple

from django.urls import get_resolver
from django.utils import timezone

from loyalty_site import api
from members import promotions as enrolling
from members.messages import addresses
from tests.support import factories
from tests.support.hooks import TARGET, delivery, endpoint, event
from tests.support.promoting import promotion
from tests.support.query_counts import count, walk
from transactions.models import Journal


def second(prepare):
    """Statements of the second time: the first fills what the process keeps. `prepare` returns what is counted."""
    assert prepare()().status_code < 400
    return count(prepare())


class Call(NamedTuple):
    """A request without a body, by another method than those that others are asked with."""

    method: str
    path: str


class World:
    """A member who has bought, another one, and what a partner's system may ask about them."""

    def __init__(self, shop, club, ada):
        club.currencies.filter(code="points").update(transfers=True)
        club.touch(club.pk)
        self.shop, self.club, self.ada, self.facts = shop, club, ada, itertools.count()
        self.bob = factories.member(club, first_name="Bob")
        self.bought = self.posted(factories.purchase(ada, 200_000))
        self.hook = endpoint(club.owner)
        self.offer = promotion(club, opt_in=True, uses_per_code=1)
        self.sent = delivery(event(club, ada), to=self.hook)

    def posted(self, item):
        return factories.post_one(self.club, item, via=self.shop.connection).journal_id

    def order(self):
        return self.posted(factories.purchase(self.ada, 1_000, f"counted-order-{next(self.facts)}"))

    def reserved(self):
        return self.posted(factories.redemption(self.ada, 5, reserve_s=600))

    def fact(self, **fields):
        return {"external_id": f"fact-{next(self.facts)}", "member": {"card": "C-1815"}} | fields

    def enrolled(self):
        enrolling.enrol(self.ada, self.offer, now=timezone.now())
        return self.ada.number

    def left(self):
        enrolling.leave(self.ada, self.offer, now=timezone.now())
        return self.ada.number

    def refund(self):
        order = Journal.objects.get(pk=self.order()).external_id
        return {"external_id": f"refund-{order}", "order": order, "amount": "1.00"}


BIRTHDAY = {"birthday": "12-25"}
BASKET = {"member": {"card": "C-1815"}, "amount": "10.00"}
CONSENT = {"channel": "email", "given": True}

#: As in the table of addresses -> where to, and what is sent, both made anew each time.
OPERATIONS = {
    "ANY ": lambda world: "",
    "GET programs/": lambda world: "programs/",
    "GET programs/<slug:code>/": lambda world: "programs/club/",
    "GET programs/<slug:code>/promotions/": lambda world: "programs/club/promotions/",
    "GET programs/<slug:code>/promotions/<slug:promotion>/": lambda world: "programs/club/promotions/spring/",
    "POST programs/<slug:code>/promotions/<slug:promotion>/codes/": lambda world: (
        "programs/club/promotions/spring/codes/",
        {"codes": [f"C{next(world.facts)}", "KNOWN"]},
    ),
    "GET programs/<slug:code>/promotions/<slug:promotion>/codes/<path:typed>/": lambda world: (
        "programs/club/promotions/spring/codes/KNOWN/"
    ),
    "GET members/<slug:number>/promotions/": lambda world: f"members/{world.ada.number}/promotions/",
    "PUT members/<slug:number>/promotions/<slug:promotion>/enrolment/": lambda world: Call(
        "PUT", f"members/{world.left()}/promotions/spring/enrolment/"
    ),
    "DELETE members/<slug:number>/promotions/<slug:promotion>/enrolment/": lambda world: (
        f"members/{world.enrolled()}/promotions/spring/enrolment/",
    ),
    "GET members/lookup/": lambda world: "members/lookup/?card=C-1815",
    "GET members/<slug:number>/": lambda world: f"members/{world.ada.number}/",
    "GET members/<slug:number>/tiers/": lambda world: f"members/{world.ada.number}/tiers/",
    "GET transactions/": lambda world: f"transactions/?member={world.ada.number}",
    "GET transactions/<int:id>/": lambda world: f"transactions/{world.bought}/",
    "GET entries/": lambda world: f"entries/?member={world.ada.number}",
    "GET entries/<int:id>/explanation/": lambda world: f"entries/{world.ada.entries.first().pk}/explanation/",
    "POST programs/<slug:code>/quotes/": lambda world: ("programs/club/quotes/", BASKET),
    "POST members/": lambda world: ("members/", {"email": f"{next(world.facts)}@example.com"}),
    "POST members/<slug:number>/birthday/": lambda world: (f"members/{world.bob.number}/birthday/", BIRTHDAY),
    "POST transactions/": lambda world: ("transactions/", world.fact(activity="purchase", amount="10.00")),
    "POST transactions/<int:id>/reversal/": lambda world: (f"transactions/{world.order()}/reversal/", {}),
    "POST redemptions/": lambda world: ("redemptions/", world.fact(points=5)),
    "POST redemptions/<int:id>/confirm/": lambda world: (f"redemptions/{world.reserved()}/confirm/", {}),
    "POST redemptions/<int:id>/release/": lambda world: (f"redemptions/{world.reserved()}/release/", {}),
    "POST reversals/": lambda world: ("reversals/", world.refund()),
    "POST transfers/": lambda world: ("transfers/", world.fact(to={"number": world.bob.number}, points=5)),
    "POST tier-settings/": lambda world: (
        "tier-settings/",
        world.fact(tier="gold", reason_type="goodwill", reason="Sorry"),
    ),
    "GET members/<slug:number>/consents/": lambda world: f"members/{world.ada.number}/consents/",
    "GET members/<slug:number>/progress/": lambda world: f"members/{world.ada.number}/progress/",
    "POST members/<slug:number>/consents/": lambda world: (f"members/{world.ada.number}/consents/", CONSENT),
    "GET hooks/": lambda world: "hooks/",
    "GET hooks/sample/": lambda world: "hooks/sample/?event=points.earned",
    "GET hooks/<int:id>/": lambda world: f"hooks/{world.hook.pk}/",
    "POST hooks/": lambda world: ("hooks/", {"target_url": f"{TARGET}/{next(world.facts)}", "event": "*"}),
    "DELETE hooks/<int:id>/": lambda world: (f"hooks/{endpoint(world.club.owner).pk}/",),
    "POST hooks/<int:id>/rotate/": lambda world: (f"hooks/{world.hook.pk}/rotate/", {}),
    "POST hooks/<int:id>/test/": lambda world: (f"hooks/{endpoint(world.club.owner).pk}/test/", {}),
    "GET deliveries/": lambda world: "deliveries/",
    "GET deliveries/<int:id>/": lambda world: f"deliveries/{world.sent.pk}/",
    "POST adjustments/": lambda world: ("adjustments/", world.fact(points=5, reason="Sorry")),
}


def operations():
    for pattern, prefix in walk(get_resolver("loyalty_site.api").url_patterns):
        if pattern.callback is api.nowhere:
            # No address at all.
            continue
        # The first request of a GET makes its HEAD known, which is the same deed.
        for method in set(getattr(pattern.callback, "actions", ["any"])) - {"head"}:
            yield f"{method.upper()} {prefix}{pattern.pattern}"


def asked(shop, wanted):
    if isinstance(wanted, str):
        return partial(shop.get, wanted)
    if isinstance(wanted, Call):
        return partial(shop.call, *wanted)
    path, *bodies = wanted
    return partial(shop.post, path, *bodies) if bodies else partial(shop.call, "DELETE", path)


def test_the_endpoints_of_the_api(shop, club, ada, hold):
    assert set(OPERATIONS) == set(operations())
    world = World(shop, club, ada)
    counts = {}
    for name, make in OPERATIONS.items():
        counts[f"api {name}"] = second(lambda make=make: asked(shop, make(world)))
    hold("api", counts)


#: What stands for the variable parts of an address.
EXAMPLES = {"<slug:code>": "not_found"}


def test_what_is_beside_the_admin_and_the_api(client, ada, hold):
    token = addresses.unsubscribe_url(ada.pk, "email").rstrip("/").rpartition("/")[2]
    examples = EXAMPLES | {"<str:token>": token}
    counts = {}
    for pattern, prefix in walk(get_resolver().url_patterns):
        if prefix.startswith(("admin/", "api/v1/")):
            continue
        route = address = f"/{prefix}{pattern.pattern}"
        for variable, example in examples.items():
            address = address.replace(variable, example)
        counts[f"site {route}"] = second(lambda address=address: partial(client.get, address))
    hold("site", counts)
