"""A change of the program counts from the next posting on, in every process; the past keeps its rules."""

import pytest

from programs import earning, versions
from programs.rules.base import Facts
from tests.support import factories
from tests.support.factories import post, post_one, purchase
from transactions import ledger
from transactions.models import Journal


def double(made):
    spend = made.rules.get(code="spend")
    spend.params = {"points": "2", "per": "1"}
    spend.save()


def test_a_process_that_compiled_the_old_rules_posts_by_the_new_ones(made, who):
    assert post_one(made, purchase(who, 1000)).answer["points"]["points"] == 10
    stale = versions.current(made.pk)
    double(made)
    # Nothing told this process; it finds out under the lock.
    assert versions.current(made.pk) is stale
    assert post_one(made, purchase(who, 1000)).answer["points"]["points"] == 20


def test_a_journal_names_the_version_by_which_it_was_counted(made, who):
    first = post_one(made, purchase(who, 1000))
    double(made)
    second = post_one(made, purchase(who, 1000))
    numbers = [Journal.objects.get(pk=result.journal_id).program_version for result in (first, second)]
    assert numbers[0] < numbers[1] == versions.current(made.pk).version


def test_an_old_version_gives_the_old_points_again(made, who):
    item = purchase(who, 1000)
    journal = Journal.objects.get(pk=post_one(made, item).journal_id)
    double(made)
    post_one(made, purchase(who, 1000))
    versions.forget()
    old = versions.at(made.pk, journal.program_version)
    dated = factories.Activity(
        kind="purchase", external_id="x", member={}, amount=1000, activity_at=journal.activity_at
    )
    facts = Facts(tiers=journal.trace["tiers"], enrolled_at=who.enrolled_at)
    earned = earning.evaluate(old, earning.basket(dated, old), facts)
    assert earned.points == journal.answer["points"]
    assert earned.trace == journal.trace


def test_a_program_that_was_paused_elsewhere_takes_nothing_more(made, who):
    post_one(made, purchase(who, 1000))
    stale = versions.current(made.pk)
    made.status = "paused"
    made.save()
    versions._current[made.pk] = stale
    with pytest.raises(ledger.ProgramNotActive):
        post(made, purchase(who, 1000))
    assert who.journals.count() == 1


def test_a_program_that_was_activated_elsewhere_takes_facts_at_once(made, who):
    made.status = "draft"
    made.save()
    post_one(made, purchase(who, 1000), dry_run=True)
    stale = versions.current(made.pk)
    made.status = "active"
    made.save()
    versions._current[made.pk] = stale
    assert post_one(made, purchase(who, 1000)).status == "posted"


def test_a_new_member_starts_by_the_rules_of_today(made):
    post_one(made, purchase(factories.member(made), 1000))
    stale = versions.current(made.pk)
    base = made.tier_groups.get().tiers.get(code="base")
    base.threshold = 1
    base.save()
    versions._current[made.pk] = stale
    assert not factories.member(made).standings.exists()
