"""How does the demo get into the database? All of it, through the product's own verbs, or nothing."""

import csv
import json
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from loyalty_site.demo import offers, purchases, ways_out
from loyalty_site.demo.events import Events
from loyalty_site.demo.moments import Present
from loyalty_site.demo.people import invent
from loyalty_site.lib.sql import Session
from members.enrolment import enrol_many
from members.models import Card, Customer, ExternalId, Member
from partners.activity import Activity, Adjustment, Redemption, Reversal
from partners.models import Connection, Partner, Product, Store
from programs import document, versions
from programs.models import Program, PromotionCode
from transactions import imports, ledger

FOLDER = Path(__file__).parent
#: The program that program.json describes.
CODE = "encore"
NEWCOMERS = 40


class DemoFailed(Exception):
    """The demo could not be loaded, and nothing of it is left behind; the text says why."""


def load(now: datetime | None = None) -> dict[str, int]:
    """Load the demo program and everything around it; returns {what: how many}, {} when it is there already.

    All of it happens before `now`, which is not ahead of the clock. Raises DemoFailed, whatever went wrong.
    """
    try:
        if Program.objects.filter(code=CODE).exists():
            return {}
        # Whoever kills it finds an empty database and starts again.
        with transaction.atomic():
            return _load(now or timezone.now())
    except BaseException as error:
        versions.forget()
        if isinstance(error, DemoFailed) or not isinstance(error, Exception):
            raise
        raise DemoFailed(" ".join(f"{type(error).__name__}: {error}".split())) from error


def _load(now: datetime) -> dict[str, int]:
    partners = _catalogue()
    document.apply(offers.document(now))
    program = Program.objects.select_related("owner").get(code=CODE)
    till = Connection.objects.create(partner=program.owner, name="Tills and web shop")
    cafe = Connection.objects.create(partner=partners["common-grounds"], name="Café till")
    desk = Connection.of(program.owner, Connection.Platform.BACK_OFFICE)
    present = Present(now, program.zone)
    _purchases(program, present)
    customers = _customers(program)
    newcomers = _newcomers(program, till, present)
    events = Events(purchases.read(), program.money)
    offers.give_codes(program)
    offers.enrol(program, customers, events, present)
    # Before the events, because rules ask for segments; and again when all of them have happened.
    offers.look_up(program, present)
    journals: dict[str, int] = {}
    numbers = {customer: member.number for customer, member in customers.items()}
    for via, group in (
        (till, events.of_the_shop()),
        (cafe, events.of_the_cafe()),
        (cafe, events.of_the_regulars()),
        (till, events.of_the_letter()),
        (till, events.of_spending()),
        (desk, events.of_corrections()),
    ):
        journals |= _post(program, via, (event.dated(present, numbers) for event in group))
    _post(program, till, (mistake.reversal(present, journals) for mistake in events.of_mistakes()))
    everybody = [*customers.values(), *newcomers]
    _vary(program, everybody)
    offers.look_up(program, present)
    offers.measure(program, present)
    ways_out.agree(everybody)
    ways_out.connect(program)
    Session().analyze()
    return _count(program)


def _catalogue() -> dict[str, Partner]:
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


def _purchases(program: Program, present: Present) -> None:
    """The CDNOW purchases, as a file that is imported like any other."""
    mapping = imports.read((FOLDER / "purchases_mapping.json").read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        file, report = Path(folder, "purchases.csv"), Path(folder, "report.csv")
        purchases.write(file, last_day=present.last_day, zone=present.zone)
        outcome = imports.run(file, program=program, mapping=mapping, report=report)
        if outcome.refused:
            with open(report, encoding="utf-8-sig", newline="") as problems:
                first = next(csv.DictReader(problems))
            raise DemoFailed(f"{outcome.refused:,} of {outcome.rows:,} purchases were refused: {first['problem']}")


def _customers(program: Program) -> dict[str, Member]:
    """{customer of the sample: Member}, in the order of the sample, however the purchases lie in the calendar."""
    via = Connection.of(program.owner, Connection.Platform.IMPORT)
    members = {member.customer_id: member for member in Member.objects.filter(program=program)}
    names = ExternalId.objects.filter(connection=via, customer__in=members).values_list("value", "customer_id")
    return {name: members[customer_id] for name, customer_id in sorted(names)}


def _newcomers(program: Program, till: Connection, present: Present) -> list[Member]:
    """People who joined in the last weeks and have bought nothing yet."""
    people, joined = {}, {}
    for number in range(2_500, 2_500 + NEWCOMERS):
        invented = {name: value for name, value in invent(number).items() if value}
        company = invented.pop("company", "")
        kind = Customer.Kind.COMPANY if company else Customer.Kind.PERSON
        birth_date = invented.pop("born", None)
        name = f"signup-{number}"
        people[name] = Customer(kind=kind, company_name=company, birth_date=birth_date, **invented)
        joined[name] = present.now - timedelta(hours=17 * (number - 2_499))
    enrolled = enrol_many(program, people, channel=Member.Channel.WEB, via=till, enrolled_at=joined)
    members = []
    for name, outcome in enrolled.items():
        if not isinstance(outcome, Member):
            raise DemoFailed(f"{name} was refused: {outcome}")
        members.append(outcome)
    return members


def _post(
    program: Program, via: Connection, items: Iterable[Activity | Redemption | Adjustment | Reversal]
) -> dict[str, int]:
    """Post `items`; returns {external id: key of the journal}. All of them have to count, and at once."""
    items = list(items)
    journals: dict[str, int] = {}
    for first in range(0, len(items), ledger.LARGEST_BATCH):
        batch = items[first : first + ledger.LARGEST_BATCH]
        for item, result in zip(batch, ledger.record(batch, program_id=program.pk, via=via), strict=True):
            if result.status != "posted" or result.journal_id is None:
                raise DemoFailed(f"{item.external_id} was {result.status}: {result.refusal or result.answer}")
            journals[item.external_id] = result.journal_id
    return journals


def _vary(program: Program, members: Sequence[Member]) -> None:
    """A plastic card for every fourth member, home stores, and a few who are suspended or have left."""
    Card.objects.bulk_create(
        Card(member=member, program=program, number=f"ENC-{place:06}")
        for place, member in enumerate(members)
        if place % 4 == 0
    )
    keys = [member.pk for member in members]
    stores = Store.objects.filter(partner=program.owner).exclude(code="web").order_by("code")
    for place, store in enumerate(stores):
        Member.objects.filter(pk__in=keys[place :: len(stores) + 1]).update(home_store=store)
    Member.objects.filter(pk__in=keys[50::400]).update(status=Member.Status.SUSPENDED)
    Member.objects.filter(pk__in=keys[60::600]).update(status=Member.Status.CLOSED)


def _count(program: Program) -> dict[str, int]:
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
        "promotions": program.promotions.count(),
        "codes": PromotionCode.objects.filter(promotion__program=program).count(),
        "segments": program.segments.count(),
        "messages": program.messages.count(),
    }
