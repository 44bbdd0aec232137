"""Who is posted to? One program with two currencies, three tiers and four rules, and many members.

Everything runs inside a process that `databases.use` has prepared, hence the imports inside.
"""

from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec

CHUNK = 1000


def factories():
    """The tests' factories, where the tree of this process keeps them: an earlier one has them a level higher."""
    return import_module("tests.support.factories" if find_spec("tests.support") else "tests.factories")


def build(count):
    """Make the tables, the program and `count` members who have all bought once."""
    from django.core.management import call_command
    from django.utils import timezone

    from members.enrolment import enrol_many
    from members.models import Customer

    call_command("migrate", verbosity=0)
    ours = factories()
    made = ours.program("benchmark")
    till = ours.till(made)
    long_ago = timezone.now() - timedelta(days=1000)
    for first in range(0, count, CHUNK):
        names = [f"c-{n}" for n in range(first, min(first + CHUNK, count))]
        newcomers = {name: Customer(first_name="Ada", last_name=name, email=f"{name}@example.com") for name in names}
        enrolled = enrol_many(made, newcomers, channel="import", via=till, enrolled_at=dict.fromkeys(names, long_ago))
        ours.post(made, *[ours.purchase(member, 1000, f"first-{member.pk}") for member in enrolled.values()])


def analyze():
    """Let the database count its rows."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def people():
    """[(key, number)] of all members, in the order of their keys."""
    from members.models import Member

    return list(Member.objects.order_by("pk").values_list("pk", "number"))


def way_in():
    """(key of the program, the connection through which everything is posted)."""
    from programs.models import Program

    made = Program.objects.get(code="benchmark")
    return made.pk, factories().till(made)


def check(acknowledged):
    """Raises AssertionError unless the ledger holds what was acknowledged, and its sums agree."""
    from django.db.models import F, Max, Sum

    from members.models import Balance, Member
    from transactions.models import Entry, Journal, Lot

    found = Journal.objects.count()
    expected = acknowledged + Member.objects.count()
    assert found == expected, f"{expected} purchases were acknowledged, {found} are there"
    entries = dict(Entry.objects.order_by().values_list("currency").annotate(Sum("points")))
    balances = dict(
        Balance.objects.order_by().values_list("currency").annotate(sum=Sum("available") - Sum("arrears"))
    )
    assert entries == balances, f"entries say {entries}, balances {balances}"
    lots = dict(Lot.objects.order_by().values_list("currency").annotate(Sum("remaining")))
    assert lots.items() <= balances.items(), f"lots say {lots}, balances {balances}"
    wrong = Member.objects.annotate(last=Max("entries__sequence")).exclude(sequence=F("last")).count()
    assert not wrong, f"{wrong} members with a broken sequence"
