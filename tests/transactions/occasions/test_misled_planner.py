"""Whatever PostgreSQL believes of a day, who is due is looked up and nobody else: neither members nor their journals.

It counts tables now and then. A program that has grown since is believed to have nobody; of a day on which everybody
was born when it counted, it expects everybody.
"""

from datetime import date

import pytest
from django.db import connection

from members.models import Customer, Member
from programs import versions
from tests.support import factories
from tests.support.celebrating import born, celebrate, gift
from tests.support.copies import copy
from tests.support.factories import at
from tests.support.plans import rows_read
from transactions.models import Journal
from transactions.occasions import giving, planning

DAY, BEFORE = date(2026, 12, 10), date(2025, 12, 10)
MANY = 6000
#: Of so many members one is due: 0.01 % of the many is one at least, and 1 %.
SHARES = (MANY, 100)


@pytest.fixture(autouse=True)
def _only_there(db):
    if connection.vendor != "postgresql":
        pytest.skip("the planner of SQLite believes nothing that changes")


@pytest.fixture(params=["01-20", "12-10"], ids=["expects nobody", "expects everybody"])
def made(request):
    """A program with MANY members, and as many journals of the year before; PostgreSQL has counted another one's."""
    counted = factories.program()
    first = born(counted, request.param, enrolled_at=at(2020, *map(int, request.param.split("-"))))
    copy([first], 400)
    made = factories.program()
    gift(made)
    gift(made, "jubilee", occasion="anniversary")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    who = born(made, "12-10", enrolled_at=at(2020, 12, 10))
    celebrate(made, BEFORE)
    _move([who.pk], "03-03")
    copy([who], MANY - 1, analyze=False)
    _celebrated_before(made)
    return made


def _move(whose, day):
    Customer.objects.filter(memberships__in=whose).update(birthday=day)
    Member.objects.filter(pk__in=whose).update(enrolled_on_day=day)


def _celebrated_before(made):
    """Each copy has a journal like that of the first one."""
    names = [field.column for field in Journal._meta.concrete_fields if field.column != "id"]
    values = {"external_id": "'birthday-2025-gift-' || m.id", "member_id": "m.id"}
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO transactions_journal ({', '.join(names)}) "
            f"SELECT {', '.join(values.get(name, f'j.{name}') for name in names)} "
            "FROM (SELECT * FROM transactions_journal WHERE external_id LIKE 'birthday-2025-gift-%%' LIMIT 1) j "
            "JOIN members_member m ON m.program_id = j.program_id WHERE m.id <> j.member_id",
        )


@pytest.mark.parametrize("nth", SHARES, ids=lambda nth: f"one of {nth}")
def test_finding_and_planning_who_is_due_reads_who_is_due(made, nth):
    due = [*Member.objects.filter(program=made).order_by("pk").values_list("pk", flat=True)][::nth]
    _move(due, "12-10")
    giving.find(made.pk, DAY)
    with rows_read() as reads:
        day = planning.day_of(versions.latest(made.pk), DAY)
        keys = planning.find(day)
        plans = planning.plans(day, keys)
    assert keys == due
    assert len(plans) == 2 * len(due)
    # Customers of other programs are found as well. All are read twice at most, in an index and then in the table.
    found = Customer.objects.filter(birthday="12-10").count()
    assert [(rows, statement) for rows, statement in reads if rows > 4 * found + 40] == []
