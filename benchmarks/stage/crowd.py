"""Who is searched for? A million members, written straight into the tables with their constraints in place.

One member is made by the product's own verbs; the others are copies of its rows with names, numbers and
addresses of their own, all computed from their place `i`. Everything runs inside a process that
`databases.use` has prepared, hence the imports inside.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.models import Model

#: One in so many members is called Martin, and one in so many, the first ones, Oldman: names that very many have.
_MARTINS, _OLDMEN = 20, 50
_FIRST_NAMES = ("Ada", "Ben", "Chloe", "Dan", "Eve", "Finn", "Grace", "Hugo")
_SYLLABLE = (
    "substr('bcdfghjklmnprstvz', CAST({0} % 17 + 1 AS integer), 1) || "
    "substr('aeiou', CAST({0} / 17 % 5 + 1 AS integer), 1)"
)
_FIRST = "CASE i % 8 " + " ".join(f"WHEN {n} THEN '{name}'" for n, name in enumerate(_FIRST_NAMES)) + " END"
_RARE = " || ".join(_SYLLABLE.format(f"(i * 7919 / {85**place})") for place in range(3))
_EMAIL = f"lower({_FIRST}) || '.' || CAST(i AS text) || '@example.com'"


def _digits(count: int, factor: int) -> str:
    """SQL for so many digits, different for each `i` below 10 ** count, and without an order that shows."""
    return f"substr(CAST({10**count} + i * {factor} % {10**count} AS text), 2)"


_NUMBER = _digits(10, 387_420_489)
_PHONE = f"'+336' || {_digits(8, 48_271)}"
_CARD = f"'C-' || {_digits(8, 48_271)}"


def build(count: int) -> None:
    """Make the tables, the program and `count` members with a balance and a tier; every second has a card."""
    from django.core.management import call_command
    from django.db import connection, transaction

    from members.models import Balance, Card, Customer, ExternalId, Member, Standing
    from tests.support import factories

    call_command("migrate", verbosity=0)
    made = factories.program("benchmark")
    first = factories.member(made, email="first@example.com", phone="+33100000000")
    factories.post_one(made, factories.purchase(first, 1000))
    ExternalId.objects.create(customer=first.customer, connection=factories.till(made), value="first")
    Card.objects.create(member=first, number="C-first")
    person, member = first.customer_id, first.pk
    last = f"CASE WHEN i % {_MARTINS} = 0 THEN 'Martin' WHEN i <= {count // _OLDMEN} THEN 'Oldman' ELSE {_RARE} END"
    own = {
        Customer: {
            "id": f"{person} + i",
            "first_name": _FIRST,
            "last_name": last,
            "last_name_key": f"lower({last} || ' ' || {_FIRST})",
            "email": _EMAIL,
            "email_key": _EMAIL,
            "phone": _PHONE,
        },
        Member: {"id": f"{member} + i", "customer_id": f"{person} + i", "number": _NUMBER},
        Balance: {"member_id": f"{member} + i"},
        Standing: {"member_id": f"{member} + i"},
        ExternalId: {"customer_id": f"{person} + i", "value": "'crm-' || CAST(i AS text)"},
        Card: {"member_id": f"{member} + i", "number": _CARD},
    }
    with transaction.atomic():
        for model, columns in own.items():
            _copy(model, columns, count // 2 if model is Card else count)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _copy(model: type["Model"], own: dict[str, str], count: int) -> None:
    """Copy the rows that the table of `model` has `count` times, with the columns of `own` computed from `i`."""
    from django.db import connection

    table, key = model._meta.db_table, model._meta.pk.column
    names = [field.column for field in model._meta.concrete_fields if field.column != key or key in own]
    values = [own.get(name, f"o.{name}") for name in names]
    numbers = {
        "postgresql": "SELECT i FROM generate_series(1::bigint, {0}) AS n(i)",
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {0}) SELECT i FROM n",
    }[connection.vendor].format(count)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "
            f"FROM ({numbers}) numbers, (SELECT * FROM {table}) o"
        )
        if connection.vendor == "postgresql":
            cursor.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")


def places(count: int) -> list[int]:
    """Places of members who have a card and a name that few have, from everywhere in a crowd of `count`."""
    return [*range(count // _OLDMEN + 1, count // 2, _MARTINS * max(1, count // 500))]


def someone(place: int) -> dict[str, str]:
    """By what the member at this place is known, counted from 1 in the order in which they were made."""
    from members.models import Member

    first = Member.objects.select_related("customer").order_by("pk")[0]
    member = Member.objects.select_related("customer").get(pk=first.pk + place)
    card = member.cards.first()
    person = member.customer
    return {
        "number": member.number,
        "card": card.number if card else "",
        "external_id": person.external_ids.get().value,
        "email": person.email,
        "phone": person.phone,
        "name": person.last_name,
    }
