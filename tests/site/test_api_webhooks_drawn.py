"""The schema of the API describes every event of members as a webhook, and what is told fits it."""

import jsonschema
import pytest

from partners import event_shapes
from partners.events import EVENTS, About
from tests.support import factories
from tests.support.api_caller import schema
from tests.support.currencies import change
from tests.support.factories import at, post_one, purchase, redemption, reversal
from tests.support.told import body, listen, told

OF_MEMBERS = [name for name, event in EVENTS.items() if event.about == About.MEMBER]


@pytest.fixture(scope="module")
def drawn():
    return schema()


def validator(drawn, name):
    request = drawn["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]
    whole = {**request["schema"], "components": drawn["components"]}
    kind = jsonschema.Draft202012Validator
    return kind(whole, format_checker=kind.FORMAT_CHECKER)


def test_every_event_of_members_is_a_webhook_and_no_event_of_staff(drawn):
    assert list(drawn["webhooks"]) == OF_MEMBERS


def test_each_says_the_headers_of_standard_webhooks(drawn):
    for webhook in drawn["webhooks"].values():
        names = [one["name"] for one in webhook["post"]["parameters"]]
        assert names == ["webhook-id", "webhook-timestamp", "webhook-signature"]
        assert set(webhook["post"]["responses"]) == {"2XX", "410"}


@pytest.mark.parametrize("name", OF_MEMBERS)
def test_the_example_of_each_fits_its_schema(drawn, name):
    request = drawn["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]
    assert request["example"] == event_shapes.sample_body(name)
    validator(drawn, name).validate(request["example"])
    with pytest.raises(jsonschema.ValidationError):
        validator(drawn, name).validate(request["example"] | {"type": "points.invented"})


@pytest.mark.django_db
def test_what_a_year_of_a_member_tells_fits_the_schema(drawn):
    made = factories.program()
    change(made, milestones="500")
    made.refresh_from_db()
    who = factories.member(made)
    listen(made)
    bought = post_one(made, purchase(who, 60_000, activity_at=at(2026, 3, 1)), now=at(2026, 3, 1))
    post_one(made, redemption(who, 100), now=at(2026, 3, 2))
    post_one(made, reversal(bought.journal_id), now=at(2026, 3, 3))
    found = told(made)
    assert {one.type for one in found} == {
        "points.earned",
        "balance.milestone",
        "tier.upgraded",
        "points.redeemed",
        "points.reversed",
    }
    for event in found:
        validator(drawn, event.type).validate(body(event))
