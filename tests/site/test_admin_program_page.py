"""The page of a program reads each kind of its parts once, however many there are."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from programs.models import Cap, Currency, ExpiryRule, Participation, Program, Promotion, StaffLimit, Tier, TierGroup
from tests.support import factories

#: Session and user, the program, ten kinds of parts, the rates twice as there are pages of them, and what may be
#: chosen: a qualifying currency, a group, a currency; when members are left alone, and the bell in the header.
STATEMENTS = 25


@pytest.fixture
def ask(client, boss, lively_shop):
    """A function that asks for the page; the answer, and how many statements it took."""
    client.force_login(boss)
    where = reverse("admin:programs_program_change", args=[lively_shop.program.pk])
    # The first one fills what the process keeps.
    client.get(where)

    def ask():
        with CaptureQueriesContext(connection) as log:
            answer = client.get(where)
        assert answer.status_code == 200
        return answer.content.decode(), len(log)

    return ask


def add_parts(program):
    """More of everything that the page shows."""
    for number in range(3):
        Participation.objects.create(program=program, partner=factories.partner(f"guest-{number}"))
        points = Currency.objects.create(program=program, code=f"extra-{number}", name=f"Extra {number}")
        ExpiryRule.objects.create(currency=points, model="fixed", period=6, unit="month")
        steps = Currency.objects.create(
            program=program, code=f"steps-{number}", name=f"Steps {number}", kind="qualifying"
        )
        group = TierGroup.objects.create(program=program, code=f"more-{number}", name="More", currency=steps)
        for place in range(1, 4):
            Tier.objects.create(
                group=group, code=f"tier-{place}", name=f"Step {number}.{place}", sequence=place, threshold=place * 10
            )
        factories.rule(program, f"rule-{number}", "fixed", {"points": "5", "events": "survey"}, currency=points)
        Promotion.objects.create(program=program, code=f"promotion-{number}", name=f"Promotion {number}")
        Cap.objects.create(program=program, code=f"cap-{number}", name=f"Cap {number}", currency=points, limit=100)
        StaffLimit.objects.create(
            program=program, group=Group.objects.create(name=f"Staff {number}"), currency=points
        )


def test_the_page_takes_as_many_statements_with_many_parts_as_with_few(ask, lively_shop):
    page, few = ask()
    assert few == STATEMENTS
    add_parts(Program.objects.get(pk=lively_shop.program.pk))
    fuller, many = ask()
    assert many == few
    for text in ("Guest-2", "Extra 2", "Step 2.3", "Rule-2", "Cap 2", "Staff 2"):
        assert text in fuller
        assert text not in page


def test_what_is_chosen_is_shown_and_what_may_be_is_offered_in_each_row(ask, lively_shop):
    add_parts(Program.objects.get(pk=lively_shop.program.pk))
    page, _ = ask()
    guest = Participation.objects.get(partner__code="guest-1").partner
    assert f'<option value="{guest.pk}" selected' in page
    limits = StaffLimit.objects.filter(program=lively_shop.program).count()
    # In the row of each limit, and in the one from which new rows are made.
    assert page.count(">Staff 1</option>") == limits + 1


def test_a_form_that_was_refused_shows_what_was_typed(client, boss, lively_shop):
    client.force_login(boss)
    where = reverse("admin:programs_program_change", args=[lively_shop.program.pk])
    other = factories.partner("other")
    answer = client.post(where, {"name": "", "owner": other.pk})
    assert answer.status_code == 200
    assert f'<option value="{other.pk}" selected' in answer.content.decode()
