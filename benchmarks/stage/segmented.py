"""Who is in segments? A million members with purchases, a tier, a balance and words, looked up in two ways.

Everything runs inside a process that `databases.use` has prepared, hence the imports inside.
"""

import time
from datetime import timedelta

from benchmarks.stage.lots import copies

PROGRAM = "segments"
#: Purchases of each member, from the last 700 days.
EACH = 2
SPEND = 15_000

#: The segments: what the product is asked.
SEGMENTS = {
    "gold": {"tier": {"group": "main", "tiers": ["gold"]}},
    "sleepers": {"last_purchase": {"at_least": 90}},
    "regulars": {
        "all": [{"purchases": {"days": 365, "at_least": 1}}, {"spent": {"days": 365, "at_least": str(SPEND // 100)}}]
    },
    "dear": {"all": [{"tags": {"names": ["vip"]}}, {"balance": {"currency": "points", "at_least": 100}}]},
    "new": {"enrolled_for": {"at_most": 30}},
}
_BOUGHT = (
    "kind = 'accrual' AND activity = 'purchase' AND status IN ('processed', 'partially_reversed') "
    "AND program_id = %(program)s"
)
#: The same by hand, as joins behind all members `m` of the program.
BY_HAND = {
    "gold": "JOIN members_standing s ON s.member_id = m.id AND s.is_current AND s.tier_id = %(gold)s",
    "sleepers": f"JOIN (SELECT member_id, max(activity_at) AS last FROM transactions_journal WHERE {_BOUGHT} "
    "GROUP BY member_id) j ON j.member_id = m.id AND j.last < %(since_89)s",
    "regulars": f"JOIN (SELECT member_id, sum(base_amount - reversed_amount) AS paid FROM transactions_journal "
    f"WHERE {_BOUGHT} AND activity_at >= %(since_365)s GROUP BY member_id) j "
    f"ON j.member_id = m.id AND j.paid >= {SPEND}",
    "dear": "JOIN members_tag t ON t.customer_id = m.customer_id AND t.name = 'vip' JOIN members_balance b "
    "ON b.member_id = m.id AND b.currency_id = %(points)s AND b.available - b.arrears >= 100",
    "new": "AND m.enrolled_at >= %(since_30)s",
}
_MEMBERS = (
    "SELECT m.id FROM members_member m JOIN members_customer c ON c.id = m.customer_id AND c.erased_at IS NULL "
    "AND m.program_id = %(program)s AND m.status NOT IN ('merged', 'closed') "
)
_SCORED = f"""
SELECT member_id, (recency + frequency + spend) / 3 AS score, recency, frequency, spend FROM (
    SELECT j.member_id,
        100 * (365 - (%(today)s - max(j.activity_at AT TIME ZONE 'Europe/Paris')::date)) / 365 AS recency,
        100 * least(count(*), 12) / 12 AS frequency,
        floor(100 * least(sum(j.base_amount - j.reversed_amount), 100000) / 100000)::bigint AS spend
    FROM transactions_journal j WHERE {_BOUGHT} AND activity_at >= %(since_365)s GROUP BY j.member_id
) parts
"""


def build(members):
    """A program with so many members, by set-based statements; then ready to measure."""
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from programs.models import Program, Segment
    from tests.support import factories

    call_command("migrate", verbosity=0)
    made = factories.program(PROGRAM, expiry="never")
    factories.post_one(made, factories.purchase(factories.member(made), 1_000))
    values = _values(timezone.now()) | {"members": members, "each": EACH}
    with connection.cursor() as cursor:
        for statement in _statements():
            cursor.execute(statement, values)
    for code, conditions in SEGMENTS.items():
        row = Segment(program=Program.objects.get(pk=made.pk), code=code, name=code.title(), conditions=conditions)
        row.full_clean()
        # Not by `save`, which would look it up.
        Segment.objects.bulk_create([row])
    connection.close()


def _statements():
    from members.models import Balance, Customer, Member, Standing, Tag
    from transactions.models import Journal

    whose = "(SELECT id FROM members_member WHERE program_id = %(program)s ORDER BY id OFFSET 1)"
    yield copies(Customer, "generate_series(1, %(members)s)", email="''", email_key="''", last_name="'c' || r")
    enrolled = "%(now)s - CASE WHEN mod(r.id, 40) = 0 THEN interval '10 days' ELSE interval '900 days' END"
    yield copies(
        Member,
        "(SELECT id FROM members_customer ORDER BY id OFFSET 1)",
        customer_id="r.id",
        number="'n' || r.id",
        enrolled_at=enrolled,
    )
    yield copies(Balance, whose, member_id="r.id", currency_id="%(points)s", available="mod(r.id, 200)")
    tier = "CASE WHEN mod(r.id, 10) = 0 THEN %(gold)s ELSE %(base)s END"
    yield copies(Standing, whose, member_id="r.id", tier_id=tier, caused_by="NULL::bigint")
    yield (
        f"INSERT INTO {Tag._meta.db_table} (customer_id, name) "
        "SELECT customer_id, CASE WHEN mod(id, 20) < 2 THEN 'vip' ELSE 'shop' END FROM members_member "
        "WHERE program_id = %(program)s"
    )
    yield copies(
        Journal,
        f"(SELECT m.id, n FROM {whose} m CROSS JOIN generate_series(1, %(each)s) n)",
        member_id="r.id",
        external_id="'b' || r.id || '-' || r.n",
        activity_at="%(noon)s - mod(r.id * 7919 + r.n * 331, 700) * interval '1 day'",
        amount="1000 + mod(r.id * 31, 20000)",
        base_amount="1000 + mod(r.id * 31, 20000)",
        payload="'{}'::jsonb",
        trace="'{}'::jsonb",
        answer="'{}'::jsonb",
    )
    yield "VACUUM (ANALYZE)"
    yield "CHECKPOINT"


def _values(now):
    """What the statements that are written by hand name."""
    from datetime import datetime

    from programs.models import Currency, Program
    from programs.periods import local_date, start_of_day

    made = Program.objects.get(code=PROGRAM)
    tiers = {tier.code: tier.pk for tier in made.tier_groups.get().tiers.all()}
    today = local_date(now, made.zone)
    sinces = {f"since_{days}": start_of_day(today - timedelta(days=days), made.zone) for days in (30, 89, 365)}
    noon = datetime(today.year, today.month, today.day, 0, 30, tzinfo=made.zone)
    points = Currency.objects.get(program=made, code="points").pk
    return tiers | sinces | {"program": made.pk, "points": points, "now": now, "noon": noon, "today": today}


def clear():
    """Nobody is in a segment, or has a score, and no page is waiting to be written."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE members_segmentmembership, members_activityscore")
        cursor.execute("VACUUM (ANALYZE) members_segmentmembership, members_activityscore")
        cursor.execute("CHECKPOINT")


def floor(now):
    """Seconds for (segments, scores) of the statements by hand, each for all members at once."""
    from django.db import connection, transaction

    from programs.models import Segment

    values, took = _values(now), []
    with connection.cursor() as cursor:
        started = time.perf_counter()
        for code, pk in Segment.objects.filter(program__code=PROGRAM).values_list("code", "pk"):
            own, inside = values | {"segment": pk}, _MEMBERS + BY_HAND[code]
            with transaction.atomic():
                cursor.execute(
                    f"DELETE FROM members_segmentmembership o WHERE segment_id = %(segment)s AND NOT EXISTS "
                    f"(SELECT FROM ({inside}) q WHERE q.id = o.member_id)",
                    own,
                )
                cursor.execute(
                    "INSERT INTO members_segmentmembership (segment_id, member_id, since) "
                    f"SELECT %(segment)s, q.id, %(now)s FROM ({inside}) q WHERE NOT EXISTS (SELECT FROM "
                    "members_segmentmembership o WHERE o.segment_id = %(segment)s AND o.member_id = q.id)",
                    own,
                )
        took.append(time.perf_counter() - started)
        started = time.perf_counter()
        with transaction.atomic():
            cursor.execute(
                f"DELETE FROM members_activityscore o WHERE NOT EXISTS (SELECT FROM ({_SCORED}) q "
                "WHERE q.member_id = o.member_id)",
                values,
            )
            cursor.execute(
                f"INSERT INTO members_activityscore AS o (member_id, score, recency, frequency, spend) {_SCORED} "
                "ON CONFLICT (member_id) DO UPDATE SET score = excluded.score, recency = excluded.recency, "
                "frequency = excluded.frequency, spend = excluded.spend WHERE "
                "(o.score, o.recency, o.frequency, o.spend) <> "
                "(excluded.score, excluded.recency, excluded.frequency, excluded.spend)",
                values,
            )
        took.append(time.perf_counter() - started)
    return tuple(took)


def night(now):
    """Seconds for (segments, scores) of the product, range by range; without the rows by which workers share it."""
    from django.db import transaction

    from programs.models import Program
    from transactions.segments import looking_up, scoring

    made, took = Program.objects.get(code=PROGRAM), []
    for step in (looking_up, scoring):
        started = time.perf_counter()
        for first, last in step.plan(made):
            with transaction.atomic():
                step.work(made.pk, first, last, now=now)
        took.append(time.perf_counter() - started)
    return tuple(took)


def written():
    """What is stored: ({segment: how many}, a hash of who is in which, how many scores, a hash of them)."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.code, count(*) FROM members_segmentmembership o JOIN programs_segment s ON s.id = o.segment_id "
            "GROUP BY s.code ORDER BY s.code"
        )
        counted = dict(cursor.fetchall())
        cursor.execute(
            "SELECT md5(string_agg(segment_id || ' ' || member_id, ',' ORDER BY segment_id, member_id)) "
            "FROM members_segmentmembership"
        )
        inside = cursor.fetchone()[0]
        cursor.execute(
            "SELECT count(*), md5(string_agg(s::text, ',' ORDER BY member_id)) FROM members_activityscore s"
        )
        return counted, inside, *cursor.fetchone()


def live(now):
    """{segment: (seconds by hand, seconds of the product, how many)}; both count the same."""
    from django.db import connection

    from members.segments.asking import Asking
    from programs.models import Program

    found, values = {}, _values(now)
    asking = Asking(Program.objects.get(code=PROGRAM), now)
    for code in SEGMENTS:
        started = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({_MEMBERS}{BY_HAND[code]}) q", values)
            expected = cursor.fetchone()[0]
        by_hand, started = time.perf_counter() - started, time.perf_counter()
        counted = asking.members(code).count()
        assert counted == expected, (code, counted, expected)
        found[code] = by_hand, time.perf_counter() - started, counted
    return found
