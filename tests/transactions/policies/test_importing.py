"""An import says what it does to the tiers that members hold, and does no more than it was told."""

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from programs import document
from programs.models import TierGroup
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.ladders import ladder, tier
from tests.support.policies import member
from transactions.models import NightRun


@pytest.fixture
def made(db):
    made = factories.program(max_backdate_days=900)
    ladder(made, model="calendar", validity="rest_of_cycle_plus_next")
    return made


@pytest.fixture
def who(made):
    return member(made, 600, 2026, 11)


def run(made, tmp_path, *options, **settings):
    """What an import says whose ladder has these settings, and silver from 300 and gold from 550."""
    described = document.export(made)
    group = described["tier_groups"][0]
    group |= settings
    tiers = {one["code"]: one for one in group["tiers"]}
    if not settings:
        tiers["silver"]["threshold"], tiers["gold"]["threshold"] = 300, 550
    file = tmp_path / "program.json"
    file.write_text(json.dumps(described))
    out = StringIO()
    call_command("program", "import", str(file), *options, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_by_default_new_thresholds_are_for_the_next_assessment(made, who, tmp_path):
    assert "main: thresholds change at the next assessment" in run(made, tmp_path)
    assert (tier(who), NightRun.objects.count()) == ("silver", 0)


def test_upgrades_are_done_when_they_are_wanted(made, who, tmp_path):
    assert "main: 1 from silver to gold" in run(made, tmp_path, "--tiers", "upgrade", "--check")
    assert (tier(who), NightRun.objects.count()) == ("silver", 0)
    assert "main: 1 from silver to gold" in run(made, tmp_path, "--tiers", "upgrade")
    assert tier(who) == "gold"
    assert NightRun.objects.get().counts["reason"].startswith("Import of")
    assert "nothing to change" in run(made, tmp_path, "--tiers", "upgrade")


def test_a_ladder_that_counts_otherwise_is_refused_with_its_path(made, who, tmp_path):
    with pytest.raises(CommandError) as refusal:
        run(made, tmp_path, model="anniversary")
    assert refusal.value.returncode == 1
    assert TierGroup.objects.get(program=made).model == "calendar"
    described = document.export(made)
    described["tier_groups"][0]["model"] = "anniversary"
    with pytest.raises(document.Invalid) as why:
        document.apply(described)
    assert why.value.problems[0].path == "tier_groups[0].model"
    assert "--recount" in why.value.problems[0].message


def test_it_is_counted_anew_when_that_is_wanted(made, who, tmp_path):
    assert "counted anew" in run(made, tmp_path, "--recount", "--check", model="anniversary")
    assert set(who.tallies.values_list("period", flat=True)) == {date(2026, 1, 1)}
    assert "counted anew" in run(made, tmp_path, "--recount", model="anniversary")
    assert set(who.tallies.values_list("period", flat=True)) == {date(2026, 1, 10)}
    assert tier(who) == "silver"
    assert_balanced(made)


def test_what_cannot_be_counted_anew_is_refused_all_the_same(made, who, tmp_path):
    who.tallies.update(points=700)
    with pytest.raises(CommandError, match="does not follow from the ledger") as refusal:
        run(made, tmp_path, "--recount", model="anniversary")
    assert refusal.value.returncode == 1
    assert (TierGroup.objects.get(program=made).model, NightRun.objects.count()) == ("calendar", 0)


def test_a_tier_that_members_hold_or_have_held_is_not_left_out(made, who, tmp_path):
    described = document.export(made)
    described["tier_groups"][0]["tiers"].pop(1)
    with pytest.raises(document.Invalid, match="members hold it, have held it, or are to get it"):
        document.apply(described)
