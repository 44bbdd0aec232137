"""How does the demo get into the database? All of it, through the product's own verbs, or nothing."""

import json
import tempfile
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from loyalty_site.demo import purchases
from loyalty_site.demo.events import Events
from loyalty_site.demo.people import invent
from loyalty_site.lib.sql import Session
from members.enrolment import enrol_many
from members.models import Card, Customer, Member
from partners.models import Connection, Partner, Product, Store
from programs import document, periods, versions
from programs.models import Program
from transactions import imports, ledger

FOLDER = Path(__file__).parent
NEWCOMERS = 40


class DemoFailed(Exception):
    """The ledger refused what the demo made up."""


def load(now=None):
    """Load the demo program and everything around it; returns {what: how many}, {} when it is there already."""
    wanted = json.loads((FOLDER / "program.json").read_text(encoding="utf-8"))
    if Program.objects.filter(code=wanted["program"]["code"]).exists():
        return {}
    try:
        # Whoever kills it finds an empty database and starts again.
        with transaction.atomic():
            return _load(wanted, now or timezone.now())
    except BaseException:
        versions.forget()
        raise


def _load(wanted, now):
    partners = _catalogue()
    document.apply(wanted)
    program = Program.objects.select_related("owner").get(code=wanted["program"]["code"])
    till = Connection.objects.create(partner=program.owner, name="Tills and web shop")
    cafe = Connection.objects.create(partner=partners["common-grounds"], name="Café till")
    _purchases(program, now)
    _newcomers(program, till, now)
    events = Events(program, now)
    _post(program, till, events.of_the_shop())
    _post(program, cafe, events.of_the_cafe())
    _post(program, till, events.of_spending())
    _post(program, Connection.of(program.owner, Connection.Platform.BACK_OFFICE), events.of_corrections())
    _post(program, till, events.of_mistakes())
    _cards(program)
    _settle_in(program)
    Session().analyze()
    return _count(program)


def _catalogue():
    """{code: Partner} with their stores and products; what exists stays as it is."""
    given = json.loads((FOLDER / "catalogue.json").read_text(encoding="utf-8"))
    partners = {
        code: Partner.objects.get_or_create(code=code, defaults={"name": name})[0]
        for code, name in given["partners"].items()
    }
    for owner, code, name, city in given["stores"]:
        Store.objects.get_or_create(partner=partners[owner], code=code, defaults={"name": name, "city": city})
    for owner, sku, name, category in given["products"]:
        Product.objects.get_or_create(partner=partners[owner], sku=sku, defaults={"name": name, "category": category})
    return partners


def _purchases(program, now):
    """The CDNOW purchases, as a file that is imported like any other."""
    yesterday = periods.local_date(now, program.zone) - timedelta(days=1)
    mapping = imports.read((FOLDER / "purchases_mapping.json").read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        file, report = Path(folder, "purchases.csv"), Path(folder, "report.csv")
        purchases.write(file, last_day=yesterday, zone=program.zone)
        outcome = imports.run(file, program=program, mapping=mapping, report=report)
        if outcome.refused:
            raise DemoFailed(report.read_text(encoding="utf-8-sig")[:2000])


def _newcomers(program, till, now):
    """People who joined in the last weeks and have bought nothing yet."""
    people, joined = {}, {}
    for number in range(2_500, 2_500 + NEWCOMERS):
        invented = {name: value for name, value in invent(number).items() if value}
        company = invented.pop("company", "")
        kind = Customer.Kind.COMPANY if company else Customer.Kind.PERSON
        birth_date = invented.pop("born", None)
        name = f"signup-{number}"
        people[name] = Customer(kind=kind, company_name=company, birth_date=birth_date, **invented)
        joined[name] = now - timedelta(hours=17 * (number - 2_499))
    enrol_many(program, people, channel=Member.Channel.WEB, via=till, enrolled_at=joined)


def _post(program, via, items):
    items = list(items)
    for first in range(0, len(items), ledger.LARGEST_BATCH):
        batch = items[first : first + ledger.LARGEST_BATCH]
        results = ledger.record(batch, program_id=program.pk, via=via)
        refused = [result.refusal for result in results if result.status != "posted"]
        if refused:
            raise DemoFailed("; ".join(map(str, refused[:5])))


def _cards(program):
    """A plastic card for every fourth member."""
    members = Member.objects.filter(program=program).order_by("pk")
    Card.objects.bulk_create(
        Card(member=member, program=program, number=f"ENC-{place:06}")
        for place, member in enumerate(members)
        if place % 4 == 0
    )


def _settle_in(program):
    """Home stores, and a few members who are suspended or have left."""
    keys = list(Member.objects.filter(program=program).order_by("pk").values_list("pk", flat=True))
    stores = Store.objects.filter(partner=program.owner).exclude(code="web").order_by("code")
    for place, store in enumerate(stores):
        Member.objects.filter(pk__in=keys[place :: len(stores) + 1]).update(home_store=store)
    Member.objects.filter(pk__in=keys[50::400]).update(status=Member.Status.SUSPENDED)
    Member.objects.filter(pk__in=keys[60::600]).update(status=Member.Status.CLOSED)


def _count(program):
    journals = program.journals
    return {
        "members": program.members.count(),
        "purchases": journals.filter(activity="purchase").count(),
        "reviews": journals.filter(activity="review").count(),
        "visits": journals.filter(activity="visit").count(),
        "redemptions": journals.filter(kind="redemption").count(),
        "adjustments": journals.filter(kind="adjustment").count(),
        "reversals": journals.filter(kind="reversal").count(),
        "cards": program.cards.count(),
        "rules": program.rules.count(),
    }
