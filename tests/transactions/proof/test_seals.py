"""What was sealed stays as it was: whatever is changed, removed or slipped in is found, and named."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event

import pytest
from django.db import connection, transaction

from programs import versions
from tests.support import factories
from tests.support.factories import post, post_one, purchase, redemption
from transactions.books import chain
from transactions.models import Entry, NightRun, Seal
from transactions.models.immutability import Immutable, drop_triggers
from transactions.proof import seals
from transactions.proof.audit import audit

MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)


@pytest.fixture
def sealed(made, who):
    """Three nights of two members; the last one without entries."""
    other = factories.member(made)
    post(made, purchase(who, 1000), purchase(other, 2000), redemption(who, 4))
    seals.seal(made, MONDAY)
    post(made, purchase(who, 500), purchase(other, 700))
    seals.seal(made, TUESDAY)
    seals.seal(made, WEDNESDAY)
    drop_triggers(connection)
    return made


def sql(text, *params):
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        assert cursor.rowcount


def broken(made):
    return [what for what, _, _ in seals.broken(made)]


def forge(entry):
    """Write the chain of a member anew behind `entry`, as somebody would who knows how it is made."""
    last = Entry.objects.filter(member=entry.member_id, sequence__lt=entry.sequence).order_by("sequence").last()
    value = last.chain if last else ""
    columns = ("pk", *chain.FIELDS, "activity_at", "posted_at")
    for row in (
        Entry.objects.filter(member=entry.member_id, sequence__gte=entry.sequence)
        .order_by("sequence")
        .values(*columns)
    ):
        value = chain.link(value, row)
        sql("UPDATE transactions_entry SET chain = %s WHERE id = %s", value, row["pk"])
    sql("UPDATE members_member SET chain = %s WHERE id = %s", value, entry.member_id)


def test_seals_follow_each_other(sealed):
    first, second, third = Seal.objects.order_by("day")
    assert first.first_entry == 1
    assert (second.first_entry, third.first_entry) == (first.last_entry + 1, second.last_entry + 1)
    assert first.entries + second.entries == Entry.objects.count()
    assert third.entries == 0
    assert third.last_entry == second.last_entry
    assert len({first.root, second.root, third.root}) == 3
    assert broken(sealed) == []
    assert list(audit(sealed)) == []


def test_a_day_is_sealed_once(sealed):
    again = seals.seal(sealed, TUESDAY)
    assert again == Seal.objects.get(day=TUESDAY)
    assert Seal.objects.count() == 3


def test_programs_are_sealed_apart(sealed):
    other = factories.program()
    post_one(other, purchase(factories.member(other), 300))
    assert seals.seal(other, MONDAY).entries == 2
    assert broken(sealed) == broken(other) == []


def test_a_seal_is_never_changed(made, who):
    made_seal = seals.seal(made, MONDAY)
    with pytest.raises(Immutable):
        made_seal.save()
    with pytest.raises(Immutable):
        made_seal.delete()


@pytest.mark.parametrize("place", [0, 3])
def test_a_changed_entry_is_found_even_when_its_chain_was_forged(sealed, place):
    entry = Entry.objects.order_by("pk")[place]
    sql("UPDATE transactions_entry SET activity_at = '2026-01-01 00:00:00+00' WHERE id = %s", entry.pk)
    assert [drift.what for drift in audit(sealed)] == [f"chain of entry {entry.pk}"]
    forge(entry)
    found = [str(drift) for drift in audit(sealed)]
    covering = Seal.objects.filter(first_entry__lte=entry.pk, last_entry__gte=entry.pk).get()
    assert found[0].startswith(f"the seal of {covering.day} over the entries")
    assert all("the seal of" in drift for drift in found)


def test_a_removed_entry_is_found(sealed):
    last = Entry.objects.filter(traces=None, lot=None).order_by("pk").last()
    sql("DELETE FROM transactions_entry WHERE id = %s", last.pk)
    day = Seal.objects.get(first_entry__lte=last.pk, last_entry__gte=last.pk).day
    found = broken(sealed)
    assert f"the number of entries under the seal of {day}" in " ".join(found)
    assert any(drift.member for drift in audit(sealed))


def test_a_slipped_in_entry_is_found(sealed):
    """With a key that lies under a seal, at the end of a member's chain and well chained."""
    gap = Seal.objects.get(day=TUESDAY).last_entry
    entry = Entry.objects.get(pk=gap)
    sql("UPDATE transactions_seal SET last_entry = last_entry + 1 WHERE day = %s", TUESDAY)
    columns = [field.column for field in Entry._meta.concrete_fields]
    values = {name: getattr(entry, name) for name in columns} | {"id": gap + 1, "sequence": entry.sequence + 1}
    values["chain"] = chain.link(entry.chain, values)
    Entry.objects.bulk_create([Entry(**values)])
    found = broken(sealed)
    assert f"the number of entries under the seal of {TUESDAY}" in " ".join(found)
    assert any(drift.member == entry.member.number for drift in audit(sealed))


def test_a_removed_seal_is_found(sealed):
    sql("DELETE FROM transactions_seal WHERE day = %s", TUESDAY)
    assert any(f"where the seal of {WEDNESDAY}" in what for what in broken(sealed))


def test_a_removed_last_seal_is_found_by_what_the_night_told(sealed):
    last = Seal.objects.get(day=WEDNESDAY)
    NightRun.objects.create(program=sealed, day=WEDNESDAY, step=seals.STEP, counts={"root": last.root})
    assert broken(sealed) == []
    sql("DELETE FROM transactions_seal WHERE day = %s", WEDNESDAY)
    assert broken(sealed) == [f"the seal of {WEDNESDAY}"]


def test_a_forged_seal_is_found(sealed):
    sql("UPDATE transactions_seal SET root = %s WHERE day = %s", "0" * 64, MONDAY)
    assert len(broken(sealed)) == 2  # itself, and the one that stands on it


@pytest.mark.races
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_seal_waits_for_postings_that_have_taken_their_keys():
    made = factories.program()
    who, other = factories.member(made), factories.member(made)
    factories.till(made)
    versions.renew(made.pk)
    taken, go_on = Event(), Event()

    def post_slowly():
        try:
            with transaction.atomic():
                post_one(made, purchase(who, 1000))
                taken.set()
                go_on.wait(60)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as elsewhere:
        done = elsewhere.submit(post_slowly)
        assert taken.wait(60) or done.result(1)
        post_one(made, purchase(other, 1000))
        with pytest.raises(seals.StillPosting):
            seals.seal(made, MONDAY, patience_s=0.3)
        go_on.set()
        done.result(60)
    assert seals.seal(made, MONDAY).entries == 4
    assert broken(made) == []
