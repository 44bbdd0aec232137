"""Settings that a text holds: what could not be read at a posting is refused when it is saved, at its field."""

import pytest
from django.core.exceptions import ValidationError

from partners.models import Partner
from programs import compiling, document
from programs.models import ExpiryRule, Program
from tests.support import factories
from tests.support.examples import changed, example, program, rule

NO_DAYS = ["31.12", "02-30", "06-31", "13-01", "00-10", "abc", "12-31;06-30", "12-31 06-30", "6-30", ",", "٠٣-٣١"]
HOW = "MM-DD"


def calendar(**terms):
    return program(rule(), rule("s", currency="status"), points={"expiry": {"model": "calendar", **terms}})


def told(wanted):
    return {problem.path: problem.message for problem in document.check(wanted)}


@pytest.mark.parametrize("text", NO_DAYS)
def test_a_cut_off_that_is_no_day_of_the_year_is_refused_with_how_to_write_it(text):
    [(path, message)] = told(calendar(cut_offs=text)).items()
    assert path == "currencies[0].expiry.cut_offs"
    assert HOW in message
    with pytest.raises(ValidationError) as caught:
        ExpiryRule(model="fixed", cut_offs=text).clean_fields(exclude=["currency"])
    assert HOW in str(caught.value.message_dict["cut_offs"])


@pytest.mark.parametrize("text", ["12-31", "02-29", "06-30, 12-31", "12-31,", " 01-01 "])
def test_days_of_the_year_are_taken(text):
    assert told(calendar(cut_offs=text)) == {}


def test_a_calendar_without_a_cut_off_is_asked_for_one_and_the_default_is_the_end_of_the_year():
    [(path, message)] = told(calendar(cut_offs="")).items()
    assert path == "currencies[0].expiry.cut_offs"
    assert "for example 12-31" in message
    assert document.normal(calendar())["currencies"][0]["expiry"]["cut_offs"] == "12-31"
    fixed = program(rule(), rule("s", currency="status"), points={"expiry": {"cut_offs": ""}})
    assert told(fixed) == {}


@pytest.mark.django_db
def test_an_expiry_rule_of_the_calendar_without_a_cut_off_is_refused_at_its_field():
    made = factories.program("club")
    found = ExpiryRule.objects.get(currency__program=made)
    found.model, found.cut_offs = "calendar", ""
    with pytest.raises(ValidationError) as caught:
        found.full_clean()
    assert list(caught.value.message_dict) == ["cut_offs"]


@pytest.mark.django_db
def test_versions_that_were_stored_with_other_cut_offs_stop_no_posting():
    made = factories.program("club")
    ExpiryRule.objects.filter(currency__program=made).update(model="calendar", cut_offs="31.12, 06-30")
    made.refresh_from_db()
    result = factories.post_one(made, factories.purchase(factories.member(made), 1000, "order-1"))
    assert result.status == "posted"
    spec = document.export(made)["currencies"][0]["expiry"]
    assert compiling.terms(spec).cut_offs == ("06-30",)


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        (("program", "channels"), "web;store", "by commas"),
        (("program", "channels"), "web\nstore", "by commas"),
        (("program", "channels"), ",", "at least one channel"),
        (("program", "channels"), "web, " + "x" * 21, "at most 20 characters"),
        (("program", "activities"), "review;newsletter", "by commas"),
        (("program", "activities"), " , ", "at least one activity"),
        (("program", "activities"), "x" * 41, "at most 40 characters"),
        (("currencies", 0, "expiry", "counts"), "purchase;visit", "by commas"),
        (("currencies", 0, "expiry", "counts"), ",,", "at least one activity"),
        (("program", "number_prefix"), "٣٤", "only digits"),
        (("program", "time_zone"), "localtime", "no IANA time zone"),
        (("program", "time_zone"), "Factory", "no IANA time zone"),
        (("program", "next_time_zone"), "europe/paris", "no IANA time zone"),
        (("program", "next_time_zone_on"), "0001-01-01", "years 1900 to 2199"),
        (("program", "next_time_zone_on"), "9999-12-31", "years 1900 to 2199"),
    ],
)
def test_a_text_that_would_mean_nothing_is_refused_at_its_field(path, text, words):
    wanted = example()
    place = wanted
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = text
    found = told(wanted)
    [message] = [message for where, message in found.items() if where.endswith(str(path[-1]))]
    assert words in message


@pytest.mark.parametrize(
    ("kind", "params", "path"),
    [
        ("fixed", {"points": 5, "events": "review;survey"}, "params.events"),
        ("fixed", {"points": 5, "events": "x" * 41}, "params.events"),
        ("per_visit", {"points": 5, "counts": "visit\npurchase"}, "params.counts"),
    ],
)
def test_activities_of_a_rule_are_names_that_can_be_reported(kind, params, path):
    wanted = program(rule(), rule("s", currency="status"), rule("x", kind, params))
    assert list(told(wanted)) == [f"rules[2].{path}"]


@pytest.mark.parametrize("conditions", [{"hours": ["0٧:00", "10:00"]}, {"channels": [" "]}, {"products": ["\t"]}])
def test_conditions_that_nothing_can_meet_are_refused_with_what_to_write(conditions):
    [(path, message)] = told(changed(("rules", 0, "conditions"), conditions)).items()
    assert path == f"rules[0].conditions.{next(iter(conditions))}"
    assert message.startswith("must be")


NONSENSE = [
    "abc",
    "31.12",
    "02-30",
    ",",
    ";",
    "12-31;06-30",
    "-1",
    "0",
    "٣",
    "NaN",
    "1e9",
    "9999-12-31",
    "0001-01-01",
]
SETTINGS = [
    *[("program", name) for name in ("time_zone", "next_time_zone", "next_time_zone_on", "country", "money")],
    *[("program", name) for name in ("language", "number_prefix", "activities", "channels", "round_per")],
    *[("currencies", 0, name) for name in ("pending_event", "cost_per_point", "point_value", "rounding")],
    *[("currencies", 0, "expiry", name) for name in ("cut_offs", "counts", "unit", "rounding", "period_end")],
    *[("rules", 0, "params", name) for name in ("points", "per", "minimum")],
    *[("rules", 0, name) for name in ("starts_on", "ends_on", "group")],
    ("rules", 0, "conditions", "hours"),
    ("rules", 0, "conditions", "weekdays"),
]


@pytest.mark.django_db
@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: ".".join(map(str, path)))
def test_whatever_a_document_is_taken_with_can_be_posted_with(path):
    """One text after the other in one setting: it is refused at the door, or a purchase is posted."""
    factories.store(Partner.objects.create(code="shop", name="shop"))
    Partner.objects.create(code="bakery", name="bakery")
    taken = 0
    for text in NONSENSE:
        wanted = example()
        wanted["currencies"][0]["expiry"]["model"] = "calendar" if path[-1] == "cut_offs" else "activity"
        wanted["rules"][0]["conditions"] = {}
        place = wanted
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = text
        if path[-1] == "next_time_zone_on":
            wanted["program"]["next_time_zone"] = "Europe/Rome"
        wanted["program"]["code"] = f"club-{taken}"
        if document.check(wanted):
            continue
        taken += 1
        document.apply(wanted)
        made = Program.objects.get(code=wanted["program"]["code"])
        result = factories.post_one(made, factories.purchase(factories.member(made), 1000, "order-1"))
        assert result.status == "posted", text


def test_an_event_that_points_wait_for_is_a_word_that_can_be_reported():
    assert told(changed(("currencies", 0, "pending_event"), "shipped;delivered"))
