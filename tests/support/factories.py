"""What do tests need that a shop would have? A program with rules and tiers, members, a way in.

Everything is made through the product's own verbs, so that tests stand on what users get.
"""

from datetime import UTC, datetime, timedelta
from itertools import count

from django.utils import timezone

from members.enrolment import enrol
from members.models import Customer
from partners.activity import Activity, Line, Redemption, Reversal
from partners.models import Connection, Partner, Product, Store
from programs.models import Currency, ExpiryRule, Program, Rule, Tier, TierGroup
from transactions import ledger

_numbers = count(1)


def partner(code="", **fields):
    code = code or f"partner-{next(_numbers)}"
    return Partner.objects.create(code=code, **({"name": code.title()} | fields))


def store(owner, code="lyon", **fields):
    return Store.objects.create(partner=owner, code=code, **({"name": code.title()} | fields))


def product(owner, sku, category="", **fields):
    return Product.objects.create(partner=owner, sku=sku, category=category, **({"name": sku} | fields))


def program(code="", *, owner=None, expiry="fixed", rules=True, **fields):
    """Active, Europe/Paris, EUR: spendable `points`, qualifying `status`, tiers base / silver 500 / gold 1,000.

    Rules: 1 point and 1 status point per euro, points times the tier's multiplier (1, 1.25, 1.5), 50 for a review.
    """
    code = code or f"program-{next(_numbers)}"
    fields = {"name": code.title(), "status": "active", "time_zone": "Europe/Paris", "money": "EUR"} | fields
    made = Program.objects.create(code=code, owner=owner or partner(), **fields)
    points = Currency.objects.create(program=made, code="points", name="Points", is_primary=True)
    status = Currency.objects.create(program=made, code="status", name="Status points", kind="qualifying")
    if expiry == "fixed":
        ExpiryRule.objects.create(currency=points, model="fixed", period=12, unit="month", rounding="month")
    group = TierGroup.objects.create(program=made, code="main", name="Main", currency=status)
    for place, (tier, threshold, multiplier) in enumerate(
        [("base", 0, "1"), ("silver", 500, "1.25"), ("gold", 1000, "1.5")], start=1
    ):
        Tier.objects.create(
            group=group, code=tier, name=tier.title(), sequence=place, threshold=threshold, multiplier=multiplier
        )
    if rules:
        rule(made, "spend", "per_amount", {"points": "1", "per": "1"})
        rule(made, "status", "per_amount", {"points": "1", "per": "1"}, currency=status)
        rule(made, "multiplier", "tier_multiplier", {}, group="tiers")
        rule(made, "review", "fixed", {"points": "50", "events": "review"}, group="events")
    made.refresh_from_db()
    return made


def rule(made, code, kind, params, *, currency=None, **fields):
    currency = currency or made.currencies.get(code="points")
    return Rule.objects.create(
        program=made, code=code, **({"name": code.title()} | fields), kind=kind, params=params, currency=currency
    )


def member(made, *, enrolled_at=None, **customer):
    """Enrolled long ago unless said otherwise, so that activities of the past are theirs."""
    number = next(_numbers)
    customer = {
        "first_name": "Ada",
        "last_name": f"Lovelace {number}",
        "email": f"ada{number}@example.com",
    } | customer
    enrolled_at = enrolled_at or timezone.now() - timedelta(days=3650)
    return enrol(made, Customer(**customer), channel="store", enrolled_at=enrolled_at)


def till(made, platform=Connection.Platform.API):
    """A connection of the program's owner."""
    return Connection.of(made.owner, platform)


def purchase(who, amount, external_id="", **fields):
    """A purchase of `amount` minor units."""
    return Activity(
        kind="purchase",
        external_id=external_id or f"order-{next(_numbers)}",
        member={"number": who.number},
        amount=amount,
        **fields,
    )


def redemption(who, points, external_id="", **fields):
    external_id = external_id or f"spend-{next(_numbers)}"
    return Redemption(external_id=external_id, member={"number": who.number}, points=points, **fields)


def reversal(journal_id, external_id="", **fields):
    return Reversal(external_id=external_id or f"undo-{next(_numbers)}", journal_id=journal_id, **fields)


def line(sku="", amount=0, **fields):
    return Line(sku=sku, amount=amount, **fields)


def post(made, *items, via=None, **options):
    """Results of posting `items` as a till of the program's owner would."""
    return ledger.record(items, program_id=made.pk, via=via or till(made), **options)


def post_one(made, item, **options):
    """The one Result; fails the test when it was refused, so that no test goes on with nothing posted."""
    result = post(made, item, **options)[0]
    assert result.status != "refused", result.refusal
    return result


def held(who, currency="points"):
    """The member's stored balance of one currency, 0 when there is none yet."""
    row = who.balances.filter(currency__code=currency).first()
    return row.available - row.arrears if row else 0


def at(year, month, day, hour=12, minute=0):
    """An instant in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)
