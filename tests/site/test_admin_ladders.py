"""The ladders that leading vendors sell are built in the admin alone, and are those of their documents."""

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from programs import document
from programs.models import Benefit, Program, Tier, TierGroup
from tests.support.admin_forms import all_errors, errors_of, form_of, page, save
from tests.support.sold_ladders import airline, hotel, membership, retailer
from tests.support.stage import kept

#: What a group is typed as where a document leaves it out.
PLAIN = {
    "match": "any",
    "cycle_start": "01-01",
    "window": "12",
    "window_unit": "month",
    "validity": "none",
    "period": "12",
    "period_unit": "month",
    "period_end": "before",
    "rounding": "none",
    "on_end": "to_earned",
    "grace": "0",
    "grace_unit": "month",
    "late_window": "30",
    "on_reversal": "keep",
}


@pytest.fixture
def desk(client, marketing):
    client.force_login(marketing)
    return client


def begun(made):
    """The program of a document without its ladder."""
    document.apply({**made, "tier_groups": []}, create_partners=True)
    return Program.objects.get(code="club")


def typed(value):
    return "on" if value is True else str(value)


def group_fields(program, spec):
    """What somebody types about a ladder on the page of a new one."""
    own = {name: typed(value) for name, value in spec.items() if name not in ("tiers", "currency")}
    own.pop("further_currencies", None)
    codes = [spec.get("currency", ""), *spec.get("further_currencies", [])]
    keys = {currency.code: str(currency.pk) for currency in program.currencies.all()}
    more = {"program": str(program.pk), "currency": keys.get(codes[0], "")}
    return PLAIN | own | more | {"further_currencies": [keys[code] for code in codes[1:]]}


def tier_fields(spec):
    """What somebody types in the row of a tier."""
    own = {name: spec[name] for name in ("name", "code", "sequence", "threshold", "retention")}
    for code, wanted in spec.get("further", {}).items():
        own |= {f"further_{code}_{what}": number for what, number in wanted.items()}
    shown = {name: "" if value is None else str(value) for name, value in own.items()}
    return shown | {"multiplier": "1", "extension_months": "0", "colour": "#64748b"}


def build(client, made):
    """Add the ladder of a document and its tiers on the pages of the admin; the program."""
    program, [spec] = begun(made), made["tier_groups"]
    address = reverse("admin:programs_tiergroup_add")
    answer = client.post(address, form_of(client, address) | group_fields(program, spec))
    assert answer.status_code == 302, all_errors(answer)
    group = TierGroup.objects.get()
    rows = {"tiers-TOTAL_FORMS": str(len(spec["tiers"]))}
    for place, one in enumerate(spec["tiers"]):
        rows |= {f"tiers-{place}-{name}": value for name, value in tier_fields(one).items()}
        rows |= {f"tiers-{place}-id": "", f"tiers-{place}-group": str(group.pk)}
    answer = client.post(page(group), form_of(client, page(group)) | rows)
    assert answer.status_code == 302, all_errors(answer)
    for one in spec["tiers"]:
        for benefit in one.get("benefits", []):
            add_benefit(client, Tier.objects.get(code=one["code"]), benefit)
    return program


def add_benefit(client, tier, spec):
    data = form_of(client, page(tier))
    place = int(data["benefits-TOTAL_FORMS"])
    row = {"kind": "service", "text": "", "starts_on": "", "ends_on": "", "id": "", "tier": str(tier.pk)} | spec
    row["details"] = str(row.get("details", "")).replace("'", '"')
    data |= {"benefits-TOTAL_FORMS": str(place + 1)} | {f"benefits-{place}-{name}": row[name] for name in row}
    answer = client.post(page(tier), data)
    assert answer.status_code == 302, all_errors(answer)


@pytest.mark.parametrize("make", [airline, hotel, retailer, membership])
def test_what_is_built_in_the_admin_alone_is_what_its_document_says(desk, db, make):
    program = build(desk, make())
    assert document.export(Program.objects.get(pk=program.pk)) == document.normal(make())
    assert document.problems(document.export(program)) == []
    before = Program.objects.get(pk=program.pk).version
    for row in [TierGroup.objects.get(), *Tier.objects.all()]:
        answer = save(desk, page(row))
        assert answer.status_code == 302, all_errors(answer)
    assert document.export(Program.objects.get(pk=program.pk)) == document.normal(make())
    assert Program.objects.get(pk=program.pk).version > before


@kept
def flown(db):
    """The airline's program, with miles of two decimals."""
    made = airline()
    made["currencies"][1]["decimals"] = 2
    document.apply(made, create_partners=True)
    return Program.objects.get(code="club")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"cycle_start": "02-29"}, "cycle_start", "A cycle cannot begin on 29 February"),
        ({"window": "0"}, "window", "A window or a period of 0 counts nothing"),
        ({"period": "0"}, "period", "A window or a period of 0 counts nothing"),
        ({"model": "rolling"}, "validity", "A rolling ladder has no cycles"),
        ({"model": "lifetime", "validity": "none", "rollover": "on"}, "rollover", "A lifetime ladder has no cycles"),
        ({"model": "manual", "validity": "none"}, "currency", "A manual ladder counts nothing"),
        ({"model": "manual", "validity": "none"}, "further_currencies", "A manual ladder counts nothing"),
        ({"currency": ""}, "currency", "Name the qualifying currency that is counted"),
    ],
)
def test_a_wrong_setting_is_refused_at_its_field(desk, flown, changes, field, words):
    errors = errors_of(save(desk, page(TierGroup.objects.get()), **changes))
    assert str(errors[field][0]).startswith(words), errors
    assert TierGroup.objects.get().model == "calendar"


def test_further_currencies_are_qualifying_ones_of_the_program_beside_the_first(desk, flown):
    group = TierGroup.objects.get()
    keys = {currency.code: str(currency.pk) for currency in flown.currencies.all()}
    refused = errors_of(save(desk, page(group), further_currencies=[keys["miles"], keys["segments"]]))
    assert refused["further_currencies"] == ["“miles” is the first currency already."]
    # What is not offered is refused by the form.
    assert "further_currencies" in errors_of(save(desk, page(group), further_currencies=[keys["points"]]))
    refused = save(desk, page(group), further_currencies=[])
    assert "Is no further currency of the group" in all_errors(refused)
    assert [currency.code for currency in group.further] == ["segments"]


def test_thresholds_are_typed_in_the_units_of_each_currency(desk, flown):
    group = TierGroup.objects.get()
    shown = form_of(desk, page(group))
    assert (shown["tiers-2-threshold"], shown["tiers-2-retention"]) == ("500.00", "400.00")
    assert (shown["tiers-2-further_segments_threshold"], shown["tiers-2-further_segments_retention"]) == ("60", "50")
    answer = save(desk, page(group), tiers__2__threshold="600.50", tiers__2__further_segments_threshold="70")
    assert answer.status_code == 302, all_errors(answer)
    gold = Tier.objects.get(code="gold")
    assert (gold.threshold, gold.further) == (60_050, {"segments": {"threshold": 70, "retention": 50}})


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"threshold": "250.00"}, "threshold", "Must be more than the 250.00 of the tier below it, Silver."),
        ({"retention": "500.01"}, "retention", "Must not be more than the 500.00 that reach the tier."),
        (
            {"retention": "199.99"},
            "retention",
            "Must not be less than the 200.00 that keep the tier below it",
        ),
        ({"further_segments_threshold": "30"}, "further_segments_threshold", "Must be more than the 30 of the tier"),
        (
            {"further_segments_retention": "61"},
            "further_segments_retention",
            "Must not be more than the 60 that",
        ),
        ({"further_segments_threshold": "1.5"}, "further_segments_threshold", "Write a whole number."),
        ({"further_segments_threshold": ""}, "further_segments_retention", "No points reach this tier, so none keep"),
    ],
)
def test_a_wrong_threshold_is_refused_at_its_field_on_each_page(desk, flown, changes, field, words):
    gold, group = Tier.objects.get(code="gold"), TierGroup.objects.get()
    assert str(errors_of(save(desk, page(gold), **changes))[field][0]).startswith(words)
    for where, place in ((page(group), "tiers-2-"), (page(flown), "tier_groups-0-tiers-2-")):
        answer = save(desk, where, **{f"{place}{name}": value for name, value in changes.items()})
        assert words in all_errors(answer).replace("&quot;", '"'), where
    gold.refresh_from_db()
    assert (gold.threshold, gold.retention) == (50_000, 40_000)


def test_a_manual_ladder_has_a_free_tier_and_others_that_are_granted(desk, db):
    document.apply(membership(), create_partners=True)
    answer = save(desk, page(TierGroup.objects.get()), tiers__1__threshold="5")
    assert "In a manual ladder only the lowest tier may be free; leave it empty." in all_errors(answer)


def test_the_page_of_a_group_says_what_its_settings_mean_today_and_what_is_doubtful(desk, flown):
    with time_machine.travel(timezone.now().replace(year=2026, month=11, day=28, hour=12)):
        content = desk.get(page(TierGroup.objects.get())).content.decode()
        assert "Whoever reaches Gold today, 28 November 2026, holds it through 31 December 2027" in content
        assert "with 400.00 Miles or 50 Segments it is kept through 31 December 2028" in content
        assert "To look at" not in content
        assert "Fliers: The Miles and Segments of a year count" in desk.get(page(flown)).content.decode()
    TierGroup.objects.update(grace=24)
    content = desk.get(page(TierGroup.objects.get())).content.decode()
    assert "Grace: is longer than the cycle" in content
    assert "for a grace of 24 months" in content


def test_benefits_are_reached_from_the_group_changed_and_taken_away(desk, flown, admin_user):
    gold = Tier.objects.get(code="gold")
    assert f'href="{page(gold)}">Lounge, Upgrade</a>' in desk.get(page(TierGroup.objects.get())).content.decode()
    answer = save(desk, page(gold), benefits__0__ends_on="2020-01-01", benefits__0__starts_on="2020-01-02")
    assert "The last day must not lie before the first." in all_errors(answer)
    assert "Must be an object." in all_errors(save(desk, page(gold), benefits__1__details="[1]"))
    assert save(desk, page(gold), benefits__0__text="All lounges.", benefits__1__details="").status_code == 302
    assert list(Benefit.objects.values_list("text", "details")) == [("All lounges.", {}), ("", {})]
    # Marketing changes benefits, and takes none away.
    assert save(desk, page(gold), benefits__0__DELETE="on").status_code == 302
    assert Benefit.objects.count() == 2
    desk.force_login(admin_user)
    assert save(desk, page(gold), benefits__0__DELETE="on").status_code == 302
    assert Benefit.objects.get().code == "upgrade"


def test_who_may_only_read_sees_thresholds_in_their_units(client, store_staff, flown):
    client.force_login(store_staff)
    for row in (TierGroup.objects.get(), Tier.objects.get(code="gold"), flown):
        content = client.get(page(row)).content.decode()
        assert "500.00" in content
        assert "Segments: 60, 50 to keep it" in content
        assert ">50000<" not in "".join(content.split())
