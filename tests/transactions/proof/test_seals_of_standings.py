"""What members held, and what it gave them, is sealed with the entries: whatever is changed or removed is found."""

import hashlib
from datetime import date

import pytest
from django.db import connection

from members.models import MemberBenefit, Standing
from tests.support import factories
from tests.support.auditing import sql
from tests.support.factories import at, post_one, purchase
from tests.support.ladders import benefit
from transactions.models import Entry, Seal
from transactions.models.immutability import drop_triggers
from transactions.proof import sealed_rows, seals

MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)


@pytest.fixture
def sealed(made, who):
    """Two nights, in each of which somebody reached a tier that gives something."""
    benefit(made, "silver", "lounge")
    benefit(made, "gold", "upgrade")
    post_one(made, purchase(who, 60_000))
    seals.seal(made, MONDAY)
    post_one(made, purchase(who, 60_000))
    seals.seal(made, TUESDAY)
    drop_triggers(connection)
    return made


def broken(made):
    return [what for what, _, _ in seals.broken(made)]


def test_each_seal_goes_on_where_the_one_before_it_ended(sealed):
    seals.seal(sealed, WEDNESDAY)
    first, second, third = (seal.further for seal in Seal.objects.order_by("day"))
    for name, rows in (("standings", (2, 1, 0)), ("benefits", (1, 1, 0))):
        assert first[name]["first"] == 1
        assert second[name]["first"] == first[name]["last"] + 1
        assert third[name]["first"] == second[name]["last"] + 1
        assert tuple(seal[name]["rows"] for seal in (first, second, third)) == rows
    assert broken(sealed) == []


def test_what_ended_since_breaks_no_seal(sealed, who):
    assert Standing.objects.exclude(until_at=None).exists()
    assert MemberBenefit.objects.exclude(withdrawn_at=None).exists()
    assert broken(sealed) == []


@pytest.mark.parametrize(
    "change",
    [
        "since_at = '2020-01-01 00:00:00'",
        "from_at = '2020-01-01 00:00:00'",
        "valid_until = '2099-01-01 00:00:00'",
        "reason = 'manual'",
        "note = 'Asked for it'",
        "counted = '{}'",
        "cycle = '2020-01-01'",
        "caused_by = 999999999",
        "recorded_at = '2020-01-01 00:00:00'",
        "tier_id = NULL",
    ],
)
@pytest.mark.parametrize("day", [MONDAY, TUESDAY])
def test_a_changed_standing_is_found(sealed, day, change):
    key = Seal.objects.get(day=day).further["standings"]["last"]
    sql(f"UPDATE members_standing SET {change} WHERE id = %s", key)
    assert [what.startswith(f"the seal of {day}") for what in broken(sealed)] == [True]


@pytest.mark.parametrize("change", ["assigned_at = '2020-01-01 00:00:00'", "recorded_at = '2020-01-01 00:00:00'"])
def test_a_changed_benefit_is_found(sealed, change):
    key = MemberBenefit.objects.order_by("pk").last().pk
    sql(f"UPDATE members_memberbenefit SET {change} WHERE id = %s", key)
    assert [what.startswith(f"the seal of {TUESDAY}") for what in broken(sealed)] == [True]


@pytest.mark.parametrize(("name", "table"), [("standings", "standing"), ("benefits", "memberbenefit")])
@pytest.mark.parametrize("day", [MONDAY, TUESDAY])
def test_a_removed_row_is_found(sealed, day, name, table):
    keys = Seal.objects.get(day=day).further[name]
    sql(f"DELETE FROM members_{table} WHERE id = %s", keys["last"])
    rows, seal = broken(sealed)
    assert rows == f"the number of rows under the seal of {day} over the {name} {keys['first']} to {keys['last']}"
    assert seal.startswith(f"the seal of {day}")


@pytest.mark.parametrize("is_said", [True, False], ids=["other keys", "none at all"])
def test_a_seal_that_leaves_rows_out_is_found(sealed, is_said):
    seal = Seal.objects.get(day=TUESDAY)
    left_out = {"first": seal.further["standings"]["last"] + 1, "last": 10**6, "rows": 0}
    seal.further = seal.further | {"standings": left_out} if is_said else {}
    sql("DELETE FROM transactions_seal WHERE day = %s", TUESDAY)
    Seal.objects.bulk_create([seal])
    named = (
        f"the first key under the seal of {TUESDAY} over the"
        if is_said
        else f"the standings under the seal of {TUESDAY}"
    )
    assert any(what.startswith(named) for what in broken(sealed))


def test_seals_of_before_stay_valid_and_what_was_there_is_under_the_next_one(made, who):
    """As seals were made before they covered standings: over the entries alone."""
    post_one(made, purchase(who, 60_000))
    entries = Entry.objects.order_by("pk")
    root = hashlib.sha256("".join(entries.values_list("chain", flat=True)).encode()).hexdigest()
    last = entries.last().pk
    Seal.objects.create(program=made, day=MONDAY, first_entry=1, last_entry=last, entries=len(entries), root=root)
    assert broken(made) == []
    assert seals.seal(made, TUESDAY).further["standings"]["rows"] == 2
    assert broken(made) == []


def test_programs_are_sealed_apart(sealed):
    other = factories.program()
    factories.member(other)
    assert seals.seal(other, MONDAY).further["standings"]["rows"] == 1
    assert broken(sealed) == broken(other) == []


def test_what_is_hashed_of_a_row_is_said_to_the_letter_on_both_databases(made, who):
    Standing.objects.filter(member=who).delete()
    group, tier = made.tier_groups.get(), made.tier_groups.get().tiers.get(code="gold")
    row = Standing.objects.create(
        member=who,
        group=group,
        tier=tier,
        since_at=at(2026, 1, 2),
        from_at=at(2026, 1, 2),
        valid_until=at(2027, 1, 1, 0),
        reason="activity",
        note="“Réunion”",
        counted={"status": 1000, "miles": 2},
        cycle=date(2026, 1, 1),
        recorded_at=at(2026, 1, 3),
    )
    text = (
        f"standings|{row.pk}|{who.pk}|{group.pk}|{tier.pk}|2026-01-02T12:00:00.000000+00:00|"
        '2026-01-02T12:00:00.000000+00:00|2027-01-01T00:00:00.000000+00:00|"activity"|"“Réunion”"|'
        '{"miles": 2, "status": 1000}|2026-01-01|null|2026-01-03T12:00:00.000000+00:00'
    )
    expected = hashlib.sha256(text.encode()).hexdigest().encode()
    assert list(sealed_rows.lines(made, "standings", 1, row.pk)) == [expected]
