"""Are a coffee shop, a fashion retailer and a service company each one document, from an empty database?"""

import io

import pytest
from django.conf import settings
from django.core.management import call_command

from partners.models import Partner
from programs import document, promotion_codes
from programs.models import Program
from tests.support import shop_stories as stories

STORIES = {
    "coffee-shop": stories.coffee_shop,
    "fashion-retailer": stories.fashion_retailer,
    "air-conditioning": stories.service_company,
}


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(stories.BUILT, tick=False)
    return time_machine


def by_command(verb, code, *options):
    """(standard output, standard error) of the command about the file of an example."""
    out, wrong = io.StringIO(), io.StringIO()
    file = settings.BASE_DIR / "docs" / "examples" / f"{code}.json"
    call_command("program", verb, str(file), *options, stdout=out, stderr=wrong)
    return out.getvalue(), wrong.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize("code", STORIES)
def test_the_example_has_nothing_to_look_at_and_comes_back_as_it_is(code):
    assert not Partner.objects.exists()
    assert by_command("import", code, "--create-partners")[1] == ""
    assert by_command("import", code)[0].strip() == "nothing to change"
    said, wrong = by_command("check", code)
    assert (said.strip().endswith("no problems"), wrong) == (True, "")
    exported = document.export(Program.objects.get(code=code))
    assert exported == document.normal(stories.example(code))
    assert document.apply(exported) == []


@pytest.mark.django_db
@pytest.mark.parametrize("code", STORIES)
def test_its_members_earn_what_it_says(code, clock):
    document.apply(stories.example(code), create_partners=True)
    made = Program.objects.get(code=code)
    for offer in made.promotions.filter(uses_per_code__gt=0):
        promotion_codes.take(offer, stories.CODES)
    STORIES[code](made, clock)
