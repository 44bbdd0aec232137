"""Whose tiers end? Members of a calendar ladder, night by night, and three ways of booking it.

Everything runs inside a process that `databases.use` has prepared, hence the imports inside.
"""

import time
from datetime import timedelta

from benchmarks.stage.lots import copies, peak

PROGRAM = "tiers"
#: What the year of a member counted, in turns: enough for gold, which is held, for silver, and for neither.
COUNTS = (1200, 600, 0)
#: Members that the floor locks and writes at once, as the night does.
BATCH = 1000


def build(members, ends):
    """A program with `members` who all are gold, by set-based statements; then ready to measure.

    `ends` are (n, instant): the tiers of every n-th member end then, those of all others a year later.
    """
    from django.core.management import call_command
    from django.db import connection

    from programs import versions
    from programs.models import Currency, ExpiryRule, TierGroup
    from tests.support import factories

    call_command("migrate", verbosity=0)
    made = factories.program(PROGRAM)
    ExpiryRule.objects.filter(currency__program=made).delete()
    TierGroup.objects.filter(program=made).update(model="calendar", validity="rest_of_cycle")
    type(made).touch(made.pk)
    factories.post_one(made, factories.purchase(factories.member(made), 100_000))
    group = versions.renew(made.pk).tier_groups["main"]
    at = ends[0][1]
    values = {
        "program": made.pk,
        "members": members,
        "group": group.id,
        "gold": group.by_code["gold"].id,
        "points": Currency.objects.get(program=made, code="points").pk,
        "status": Currency.objects.get(program=made, code="status").pk,
        "counts": list(COUNTS),
        "at": at - timedelta(days=400),
        "cycles": sorted({_cycle(made, each - timedelta(days=days)) for _, each in ends for days in (0, 366)}),
    }
    with connection.cursor() as cursor:
        for statement in _statements(ends):
            cursor.execute(statement, values)
    connection.close()


def _cycle(made, at):
    """The first day of the cycle in which what ends at an instant has its last day."""
    return (at - timedelta(microseconds=1)).astimezone(made.zone).date().replace(month=1, day=1)


def _statements(ends):
    from members.models import Balance, Customer, Member, Standing, Tally

    whose = "(SELECT id FROM members_member WHERE program_id = %(program)s ORDER BY id OFFSET 1)"
    count = "(%(counts)s::bigint[])[mod(r.id / 100, 3) + 1]"
    yield copies(Customer, "generate_series(1, %(members)s)", email="''", email_key="''", last_name="'c' || r")
    yield copies(
        Member,
        "(SELECT id FROM members_customer ORDER BY id OFFSET 1)",
        customer_id="r.id",
        number="'n' || r.id",
    )
    yield copies(Balance, whose, member_id="r.id", currency_id="%(points)s", next_change_at="NULL::timestamptz")
    yield copies(
        Tally,
        f"(SELECT m.id, c.first FROM {whose} m CROSS JOIN unnest(%(cycles)s::date[]) AS c(first))",
        member_id="r.id",
        period="r.first",
        points=count,
    )
    yield copies(
        Standing,
        whose,
        member_id="r.id",
        group_id="%(group)s",
        tier_id="%(gold)s",
        since_at="%(at)s",
        from_at="%(at)s",
        recorded_at="%(at)s",
        valid_until=_end(ends),
        due_at=_end(ends),
        caused_by="NULL::bigint",
        reason="'activity'",
        is_current="TRUE",
        until_at="NULL::timestamptz",
    )
    yield "VACUUM (ANALYZE)"
    yield "CHECKPOINT"


def _end(ends):
    """SQL for when the tier of a member ends. The remainders differ, so nobody is counted in two shares."""
    cases = (f"WHEN mod(r.id, {n}) = {place % n} THEN '{at.isoformat()}'" for place, (n, at) in enumerate(ends))
    last = max(at for _, at in ends) + timedelta(days=365)
    return f"(CASE {' '.join(cases)} ELSE '{last.isoformat()}' END)::timestamptz"


def due(now):
    """How many members are due at `now`."""
    from members.models import Standing

    return Standing.objects.filter(due_at__lte=now).count()


def checkpoint():
    """Let whatever is measured next begin with the same duty: to log each page whole that it changes first."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")


def _wanted(now):
    """(standing, member, tier that follows, its end) of all who are due, as the night would have it."""
    from members.models import Standing, Tally
    from programs.models import Program

    made = Program.objects.get(code=PROGRAM)
    tiers = {tier.code: tier.pk for tier in made.tier_groups.get().tiers.all()}
    rows = list(
        Standing.objects.filter(due_at__lte=now).order_by("member").values_list("pk", "member", "valid_until")
    )
    cycle = _cycle(made, now)
    counts = dict(
        Tally.objects.filter(member__in=[row[1] for row in rows], period=cycle).values_list("member", "points")
    )
    until = Standing.objects.order_by("-valid_until").values_list("valid_until", flat=True)[0]
    for key, member, ended_at in rows:
        code = "gold" if counts[member] >= 1000 else "silver" if counts[member] >= 500 else "base"
        yield key, member, tiers[code], ended_at, None if code == "base" else until, counts[member]


def floor(now):
    """(seconds, members) of the least that must be done by whoever knows it all: the rows locked, ended and opened.

    By their keys, in batches of the same size as the night's.
    """
    from django.db import connection, transaction

    from programs.models import TierGroup

    group = TierGroup.objects.get(program__code=PROGRAM).pk
    wanted = list(_wanted(now))
    started = time.perf_counter()
    for first in range(0, len(wanted), BATCH):
        keys, whose, tiers, ended, until, counts = map(list, zip(*wanted[first : first + BATCH], strict=True))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT FROM members_member WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [whose])
            cursor.execute(
                "UPDATE members_standing s SET is_current = FALSE, until_at = v.at, due_at = NULL "
                "FROM unnest(%s::bigint[], %s::timestamptz[]) AS v(id, at) WHERE s.id = v.id",
                [keys, ended],
            )
            cursor.execute(_OPEN, [group, now, whose, tiers, ended, until, counts])
    return time.perf_counter() - started, len(wanted)


_OPEN = """
INSERT INTO members_standing (member_id, group_id, tier_id, since_at, from_at, valid_until, due_at, reason, note,
    counted, cycle, is_current, recorded_at)
SELECT v.member, %s, v.tier, v.at, v.at, v.until, v.until, 'renewal', '', jsonb_build_object('status', v.counted),
    date_trunc('year', v.at)::date, TRUE, %s
FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::bigint[])
    AS v(member, tier, at, until, counted)
"""

#: What most would write: everybody's tier is compared with everybody's points, and whose has ended is written.
_SCAN = """
WITH moved AS (
    SELECT s.id, s.member_id, s.group_id, s.since_at, s.valid_until AS at, t.points, t.period, CASE
        WHEN t.points >= %(gold_from)s THEN %(gold)s WHEN t.points >= %(silver_from)s THEN %(silver)s ELSE %(base)s
    END::bigint AS tier
    FROM members_standing s JOIN members_tally t ON t.member_id = s.member_id AND t.group_id = s.group_id
    WHERE s.is_current AND s.valid_until <= %(now)s AND t.period = %(cycle)s
), ended AS (
    UPDATE members_standing s SET is_current = FALSE, until_at = m.at, due_at = NULL
    FROM moved m WHERE s.id = m.id RETURNING m.*
)
INSERT INTO members_standing (member_id, group_id, tier_id, since_at, from_at, valid_until, due_at, reason, note,
    counted, cycle, is_current, recorded_at)
SELECT member_id, group_id, tier, at, at, CASE WHEN tier <> %(base)s THEN %(until)s::timestamptz END,
    CASE WHEN tier <> %(base)s THEN %(until)s::timestamptz END, 'renewal', '',
    jsonb_build_object('status', points), period, TRUE, %(now)s
FROM ended
"""


def scan(now):
    """(seconds, members) of one statement that looks through all standings and points, and writes who moved."""
    from django.db import connection

    from members.models import Standing
    from programs.models import Program

    made = Program.objects.get(code=PROGRAM)
    tiers = {tier.code: tier.pk for tier in made.tier_groups.get().tiers.all()}
    until = Standing.objects.order_by("-valid_until").values_list("valid_until", flat=True)[0]
    values = tiers | {"now": now, "cycle": _cycle(made, now), "until": until, "gold_from": 1000, "silver_from": 500}
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(_SCAN, values)
        moved = cursor.rowcount
    return time.perf_counter() - started, moved


def alone(now):
    """(seconds, members) of plan and work of the step, without the rows by which workers share it."""
    from django.db import transaction

    from loyalty_site.night.shared import cut
    from programs.models import Program
    from transactions.tiers import night as step

    program, done = Program.objects.get(code=PROGRAM).pk, 0
    started = time.perf_counter()
    for keys in cut(step.plan(program, now=now)):
        with transaction.atomic():
            done += step.work(program, keys, now=now)["members"]
    return time.perf_counter() - started, done


def begin(now):
    """The key of a NightRun of the step that nobody has begun."""
    from programs.models import Program
    from transactions.models import NightRun

    program = Program.objects.get(code=PROGRAM)
    return NightRun.objects.create(program=program, day=now.date(), step="tiers").pk


def night(now, run_id):
    """(seconds, counts, peak memory of this process in MB) of the step, by the process that runs the night."""
    from loyalty_site.night import batches, coordinating, tiers
    from loyalty_site.night.steps import Night
    from transactions.models import NightRun

    run = NightRun.objects.select_related("program").get(pk=run_id)
    started = time.perf_counter()
    one = Night(run.program, run.day, now, {}, lambda counts: None, run_id=run_id, ring=lambda: None)
    counts = coordinating.run(tiers.STEP, one)
    NightRun.objects.filter(pk=run_id).update(finished_at=now)
    batches.forget(run_id)
    seconds = time.perf_counter() - started
    return seconds, counts, peak()


def help_with(run_id):
    """(batches, peak memory of this process in MB): what another worker takes of the step until it has ended."""
    from loyalty_site.night import batches, tiers
    from transactions.models import NightRun

    taken = 0
    while not NightRun.objects.filter(pk=run_id, finished_at__isnull=False).exists():
        if batches.take(tiers.STEP, run_id):
            taken += 1
        else:
            time.sleep(0.002)
    return taken, peak()


def check(members, moved):
    """Raises AssertionError unless each of `members` has one tier, and so many (`moved`) have had another before."""
    from members.models import Standing

    rows = Standing.objects.filter(group__program__code=PROGRAM)
    assert rows.filter(is_current=True).count() == members + 1
    assert rows.filter(is_current=False, until_at__isnull=False, due_at=None).count() == moved + 1
