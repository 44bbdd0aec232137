"""Whoever is in the segment of a tier holds it, or a higher one; what staff have given stays (C15-R9)."""

from datetime import timedelta

from loyalty_site import nightly
from members.models import Event, Member, Standing
from programs.models import Program, Tier, TierGroup
from tests.support import factories
from tests.support.factories import at
from tests.support.segments import keep, segment
from tests.support.setting_tiers import refused, set_tier, setting
from tests.support.stage import kept
from tests.support.told import listen
from transactions import jobs
from transactions.merging import merges
from transactions.models import Journal, NightRun
from transactions.segments import following

NOW = at(2026, 3, 4, 11)


def vip(who, is_in=True):
    who.customer.tags.filter(name="vip").delete()
    if is_in:
        who.customer.tags.create(name="vip")


def best(who, is_in=True):
    who.customer.tags.filter(name="best").delete()
    if is_in:
        who.customer.tags.create(name="best")


@kept
def club(made):
    """Beside the ladder that counts, one of segments: Guest is free, Friend follows "vips", Patron follows "best"."""
    segment(made, "vips", {"tags": {"names": ["vip"]}}, name="Very dear")
    segment(made, "best", {"tags": {"names": ["best"]}})
    group = TierGroup.objects.create(program=made, code="circle", name="Circle", model="manual")
    for place, (code, threshold, follows) in enumerate(
        [("guest", 0, None), ("friend", None, "vips"), ("patron", None, "best"), ("board", None, None)], start=1
    ):
        followed = made.segments.get(code=follows) if follows else None
        Tier.objects.create(
            group=group, code=code, name=code.title(), sequence=place, threshold=threshold, segment=followed
        )
    return Program.objects.get(pk=made.pk)


@kept
def ada(club):
    return factories.member(club)


@kept
def bob(club):
    return factories.member(club)


def follow(club, now=NOW):
    """Look the segments up, and let tiers follow them; what that did."""
    keep(club, "vips", "best", now=now)
    return following.work(club.pk, following.plan(club.pk, now=now), now=now)


def standing(who):
    return Standing.objects.current().select_related("tier").get(member=who, group__code="circle")


def tier_of(who):
    found = standing(who).tier
    return found.code if found else None


def test_who_is_in_the_segment_gets_its_tier_and_loses_it_with_the_segment(club, ada, bob):
    vip(ada)
    assert follow(club) == {"raised": 1, "lowered": 0, "refused": 0}
    assert (tier_of(ada), tier_of(bob)) == ("friend", "guest")
    assert (standing(ada).reason, standing(ada).note) == ("segment", "In the segment Very dear")
    assert standing(ada).valid_until is None
    vip(ada, False)
    later = NOW + timedelta(days=1)
    assert follow(club, later) == {"raised": 0, "lowered": 1, "refused": 0}
    assert tier_of(ada) == "guest"
    assert standing(ada).note == "No more in the segment Very dear"


def test_it_is_a_transaction_like_one_of_staff_with_the_name_of_the_segment(club, ada):
    vip(ada)
    follow(club)
    journal = Journal.objects.get(kind="tier", member=ada)
    assert (journal.activity, journal.reason, journal.user) == ("segment", "In the segment Very dear", None)
    assert journal.pk == standing(ada).caused_by


def test_members_hear_of_it_as_of_any_tier(club, ada):
    listen(club, "tier.upgraded", "tier.downgraded")
    vip(ada)
    follow(club)
    vip(ada, False)
    follow(club, NOW + timedelta(days=1))
    assert [event.type for event in Event.objects.filter(member=ada).order_by("pk")] == [
        "tier.upgraded",
        "tier.downgraded",
    ]


def test_following_twice_does_nothing(club, ada):
    vip(ada)
    follow(club)
    assert following.plan(club.pk, now=NOW) == []
    assert following.work(club.pk, [ada.pk], now=NOW) == {"raised": 0, "lowered": 0, "refused": 0}
    assert Journal.objects.filter(kind="tier").count() == 1


def test_of_several_tiers_it_is_the_highest_and_down_again_step_by_step(club, ada):
    vip(ada)
    best(ada)
    follow(club)
    assert tier_of(ada) == "patron"
    best(ada, False)
    assert follow(club, NOW + timedelta(days=1))["lowered"] == 1
    assert (tier_of(ada), standing(ada).note) == ("friend", "In the segment Very dear")


def test_what_staff_have_set_is_not_lowered_but_raised(club, ada, bob):
    set_tier(club, ada, "board", NOW, tier_group="circle")
    set_tier(club, bob, "friend", NOW, tier_group="circle")
    vip(ada)
    best(bob)
    assert follow(club, NOW + timedelta(days=1)) == {"raised": 1, "lowered": 0, "refused": 0}
    assert (tier_of(ada), standing(ada).reason) == ("board", "manual")
    assert tier_of(bob) == "patron"


def test_who_leaves_the_segment_goes_back_to_what_staff_have_given_until_that_ends(club, ada):
    last = (NOW + timedelta(days=30)).date()
    set_tier(club, ada, "friend", NOW, tier_group="circle", until=last)
    promised = standing(ada).valid_until
    best(ada)
    follow(club, NOW + timedelta(days=1))
    assert (tier_of(ada), standing(ada).valid_until) == ("patron", None)
    best(ada, False)
    follow(club, NOW + timedelta(days=2))
    assert (tier_of(ada), standing(ada).valid_until, standing(ada).reason) == ("friend", promised, "manual")
    assert following.plan(club.pk, now=NOW + timedelta(days=3)) == []
    assert following.work(club.pk, [ada.pk], now=NOW + timedelta(days=3))["lowered"] == 0


def test_what_staff_had_given_and_has_ended_meanwhile_does_not_come_back(club, ada):
    set_tier(club, ada, "friend", NOW, tier_group="circle", until=(NOW + timedelta(days=3)).date())
    best(ada)
    follow(club, NOW + timedelta(days=1))
    best(ada, False)
    follow(club, NOW + timedelta(days=9))
    assert tier_of(ada) == "guest"


def test_what_staff_have_locked_stays_until_the_lock_ends(club, ada):
    set_tier(club, ada, "guest", NOW, tier_group="circle", locked_until=(NOW + timedelta(days=3)).date())
    vip(ada)
    assert follow(club, NOW + timedelta(days=1)) == {"raised": 0, "lowered": 0, "refused": 0}
    assert following.work(club.pk, [ada.pk], now=NOW + timedelta(days=1))["refused"] == 0
    assert tier_of(ada) == "guest"
    assert follow(club, NOW + timedelta(days=5))["raised"] == 1


def test_a_tier_that_somebody_has_changed_meanwhile_is_left_to_the_next_night(club, ada, monkeypatch):
    vip(ada)
    keep(club, "vips", "best", now=NOW)
    post = following._post

    def race(configuration, moves, now):
        set_tier(club, ada, "board", NOW, tier_group="circle")
        return post(configuration, moves, now)

    monkeypatch.setattr(following, "_post", race)
    assert following.work(club.pk, [ada.pk], now=NOW) == {"raised": 0, "lowered": 0, "refused": 1}
    assert tier_of(ada) == "board"


def test_who_is_suspended_keeps_the_tier_until_active_again(club, ada):
    vip(ada)
    Member.objects.filter(pk=ada.pk).update(status="suspended")
    assert follow(club) == {"raised": 0, "lowered": 0, "refused": 0}
    Member.objects.filter(pk=ada.pk).update(status="active")
    assert follow(club)["raised"] == 1


def test_a_segment_that_is_switched_off_or_let_go_gives_no_tier_any_more(club, ada, bob):
    vip(ada)
    best(bob)
    follow(club)
    row = club.segments.get(code="vips")
    row.is_active = False
    row.save()
    Tier.objects.filter(code="patron").update(segment=None)
    assert follow(club, NOW + timedelta(days=1)) == {"raised": 0, "lowered": 2, "refused": 0}
    assert (tier_of(ada), tier_of(bob)) == ("guest", "guest")


def test_a_program_that_is_paused_leaves_tiers_alone(club, ada):
    vip(ada)
    keep(club, "vips", "best", now=NOW)
    row = Program.objects.get(pk=club.pk)
    row.status = "paused"
    row.save()
    assert following.plan(club.pk, now=NOW) == []


def test_the_night_follows_the_segments_of_the_same_night(club, ada):
    vip(ada)
    list(nightly.night(club, now=at(2026, 3, 5, 2), is_forced=True))
    assert tier_of(ada) == "friend"
    assert NightRun.objects.get(program=club, step="segment tiers").counts == {
        "raised": 1,
        "lowered": 0,
        "refused": 0,
    }


def test_a_segment_that_is_saved_brings_tiers_along_in_batches(
    club, ada, bob, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(following, "SIZE", 1)
    row = club.segments.get(code="vips")
    row.conditions = {"enrolled_over": {"channels": ["store"]}}
    with django_capture_on_commit_callbacks(execute=True):
        row.save()
    assert (tier_of(ada), tier_of(bob)) == ("friend", "friend")
    job = NightRun.objects.get(program=club, step__startswith="followed ")
    assert (job.counts["raised"], job.finished_at is None) == (2, False)


def test_a_job_that_was_interrupted_the_night_ends_and_does(
    club, ada, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(jobs, "AT_ONCE_S", 0)
    passed_on = []
    monkeypatch.setattr(following.finish_following, "delay", passed_on.append)
    vip(ada)
    with django_capture_on_commit_callbacks(execute=True):
        club.segments.get(code="vips").save()
    assert (len(passed_on), tier_of(ada)) == (1, "guest")
    list(nightly.night(club, now=at(2026, 3, 5, 2), is_forced=True))
    assert tier_of(ada) == "friend"
    following.finish_following(*passed_on)
    assert Journal.objects.filter(kind="tier").count() == 1


def test_a_segment_that_no_tier_follows_begins_no_job(club, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        segment(club, "others", {"tags": {"names": ["x"]}})
    assert not NightRun.objects.filter(step__startswith="followed ").exists()


def test_a_survivor_of_a_merge_keeps_the_tier_only_while_in_the_segment(club, ada, bob):
    vip(ada)
    follow(club)
    merges.merge(ada, bob, reason="The same", now=NOW + timedelta(hours=1))
    assert (tier_of(bob), standing(bob).reason) == ("friend", "segment")
    follow(club, NOW + timedelta(days=1))
    assert tier_of(bob) == ("friend" if bob.customer.tags.filter(name="vip").exists() else "guest")


def test_a_setting_that_is_taken_back_leaves_what_segments_give_to_segments(club, ada):
    vip(ada)
    follow(club)
    done = set_tier(club, ada, "board", NOW + timedelta(hours=1), tier_group="circle")
    factories.post_one(club, factories.reversal(done.journal_id), now=NOW + timedelta(hours=2))
    assert (tier_of(ada), standing(ada).reason) == ("friend", "segment")
    vip(ada, False)
    follow(club, NOW + timedelta(days=1))
    assert tier_of(ada) == "guest"


def test_nobody_else_may_say_that_a_tier_follows_a_segment(club, ada):
    said = setting(ada, "friend", reason_type="segment", tier_group="circle")
    assert refused(club, said, NOW) == ("invalid_choice", "reason_type")
