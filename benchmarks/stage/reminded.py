"""Whom does a night remind, of points and of tiers that end? By the product, and by SQL that writes the same events.

Everything runs inside a process that `databases.use` has prepared, hence the imports inside.
"""

import json
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

#: Every n-th member has something that ends DAYS after the local day that so many days from now begins.
SHARES = {10_000: 1, 100: 0}
DAYS = 7
#: The night of a day on which nothing ends is that of so many days from now.
QUIET = 2
POINTS, TIERS = "points", "tiers"
EVENTS = {POINTS: "points.expiring", TIERS: "tier.will_drop"}
PROGRAMS = {POINTS: "expiry", TIERS: "tiers"}
#: So many members are told by one transaction.
BATCH = 1000
_ZONE = ZoneInfo("Europe/Paris")


def day_of(share):
    """The local day whose night reminds the members of a share."""
    return datetime.now(_ZONE).date() + timedelta(days=SHARES.get(share, QUIET))


def build(kind, members, lots_each):
    """A program with `members` of whom the SHARES have something that ends; all others in a year."""
    from benchmarks.stage import lots, tiers
    from programs import periods

    ends = [(share, periods.end_of_day(day_of(share) + timedelta(days=DAYS), _ZONE)) for share in SHARES]
    if kind == POINTS:
        lots.build(members, lots_each, [*ends, (1, max(at for _, at in ends) + timedelta(days=365))])
    else:
        tiers.build(members, ends)
    _listen(kind, DAYS)


def _listen(kind, *days, event=""):
    """Somebody wants to be told, so many days before."""
    from django.db import connection

    from partners.models import Connection
    from programs.models import Message, Program

    made = Program.objects.get(code=PROGRAMS[kind])
    via = Connection.of(made.owner, Connection.Platform.API)
    for each in days or (None,):
        name = event or EVENTS[kind]
        Message.objects.create(program=made, name=name, event=name, connection=via, days_before=each, is_active=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


class _Undo(Exception):
    pass


@contextmanager
def _undone(told):
    """What was told is put into the list `told` and taken back, so every round begins with the same rows."""
    from django.db import transaction

    from members.models import Event

    try:
        with transaction.atomic():
            yield
            rows = Event.objects.order_by("member_id").values_list("member_id", "type", "once", "data")
            told += [(*row, json.dumps(data, sort_keys=True)) for *row, data in rows]
            raise _Undo
    except _Undo:
        pass


def remind(kind, share):
    """(seconds to find who is due, seconds in all, members found, what was told)."""
    from django.utils import timezone

    from programs import versions
    from programs.models import Program
    from transactions.reminders import points, tiers

    own, day, told = {POINTS: points, TIERS: tiers}[kind], day_of(share), []
    program_id = Program.objects.get(code=PROGRAMS[kind]).pk
    # The night knows its program already.
    versions.current(program_id)
    with _undone(told):
        began = time.perf_counter()
        keys = own.find(program_id, day)
        found = time.perf_counter() - began
        for first in range(0, len(keys), BATCH):
            own.remind(program_id, day, keys[first : first + BATCH], timezone.now())
        seconds = time.perf_counter() - began
    return found, seconds, len(keys), told


def floor(kind, share):
    """(seconds, what was told) of SQL that finds who is due by the same index, and writes the same events."""
    from django.db import connection
    from django.utils import timezone

    from programs import periods
    from programs.models import Currency, Program, TierGroup

    made, last, told = Program.objects.get(code=PROGRAMS[kind]), day_of(share) + timedelta(days=DAYS), []
    group = TierGroup.objects.get(program=made)
    with _undone(told):
        values = {
            "program": made.pk,
            "code": made.code,
            "points": Currency.objects.get(program=made, code="points").pk,
            "group": group.pk,
            "gold": group.tiers.get(code="gold").pk,
            "begins": periods.start_of_day(last, _ZONE),
            "ends": periods.end_of_day(last, _ZONE),
            "last": last.isoformat(),
            "cycle": last.replace(month=1, day=1),
            "days": (last - timezone.now().astimezone(_ZONE).date()).days,
            "trigger": DAYS,
            "now": timezone.now(),
        }
        began = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(_FIND[kind], values)
            keys = sorted({key for (key,) in cursor.fetchall()})
            for first in range(0, len(keys), BATCH):
                cursor.execute(_TELL[kind], values | {"keys": keys[first : first + BATCH]})
        seconds = time.perf_counter() - began
    return seconds, told


def write_alone(kind, share):
    """Seconds that writing the same events takes, from rows that are there."""
    from django.db import connection, transaction
    from django.utils import timezone

    from programs.models import Program
    from transactions.reminders import points, tiers

    own, day = {POINTS: points, TIERS: tiers}[kind], day_of(share)
    program_id = Program.objects.get(code=PROGRAMS[kind]).pk
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            own.remind(program_id, day, own.find(program_id, day), timezone.now())
            cursor.execute("CREATE TEMP TABLE told ON COMMIT DROP AS SELECT * FROM members_event")
            cursor.execute("DELETE FROM members_event")
            began = time.perf_counter()
            cursor.execute("INSERT INTO members_event SELECT * FROM told")
            seconds = time.perf_counter() - began
            raise _Undo
    except _Undo:
        return seconds


def state(most):
    """(seconds, statements told): those of the first `most` members, for the month that is over."""
    from django.db import transaction
    from django.utils import timezone

    from members.models import Member
    from programs.models import Program
    from transactions.reminders import statements

    _listen(POINTS, event="statement.monthly")
    program_id = Program.objects.get(code=PROGRAMS[POINTS]).pk
    keys = list(Member.objects.filter(program=program_id).order_by("pk").values_list("pk", flat=True)[:most])
    now = timezone.now()
    day, told, began = (now.date() + timedelta(days=32)).replace(day=1), 0, time.perf_counter()
    for first in range(0, len(keys), BATCH):
        with transaction.atomic():
            told += statements.state(program_id, day, keys[first : first + BATCH], now)["statements"]
    return time.perf_counter() - began, told


_FIND = {
    POINTS: """
SELECT member_id FROM transactions_lot WHERE remaining > 0 AND currency_id = %(points)s
    AND expires_at > %(begins)s AND expires_at <= %(ends)s""",
    TIERS: """
SELECT member_id FROM members_standing WHERE is_current AND group_id = %(group)s
    AND valid_until > %(begins)s AND valid_until <= %(ends)s""",
}

_EVENT = """
INSERT INTO members_event (name, program_id, member_id, type, version, occurred_at, recorded_at, data, once)
SELECT 'evt_' || replace(gen_random_uuid()::text, '-', ''), m.program_id, m.id, '{event}', 1, %(now)s, %(now)s,
    json_build_object('member', json_build_object('number', m.number, 'program', %(code)s, 'status', m.status,
        'enrolled_at', to_char(m.enrolled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'balances', held.balances, 'tiers', {tiers}), {data})::text,
    {once}
FROM {due} JOIN members_member m ON m.id = due.member_id AND m.status = 'active'
CROSS JOIN LATERAL (SELECT json_agg(json_build_object('currency', c.code, 'balance', b.available - b.arrears,
    'available', b.available, 'pending', b.pending, 'reserved', b.reserved, 'arrears', b.arrears)) AS balances
    FROM members_balance b JOIN programs_currency c ON c.id = b.currency_id WHERE b.member_id = m.id) held
"""
_UTC = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
_TELL = {
    POINTS: _EVENT.format(
        event=EVENTS[POINTS],
        tiers="json_build_array()",
        data=f"""'points', json_build_object('currency', 'points', 'points', due.points, 'available_at', NULL,
            'expires_at', {_UTC.format("due.ends")}),
        'balance', json_build_object('currency', 'points', 'before', due.held, 'balance', due.held),
        'expiring', json_build_object('currency', 'points', 'points', due.points, 'expires_on', %(last)s,
            'days', %(days)s)""",
        once="concat(%(trigger)s, ' days before ', %(last)s, ' ', m.id, ' ', %(points)s)",
        due="""(SELECT l.member_id, SUM(l.remaining) AS points, MIN(l.expires_at) AS ends,
        MIN(b.available - b.arrears) AS held
    FROM transactions_lot l JOIN members_balance b ON b.member_id = l.member_id AND b.currency_id = l.currency_id
    WHERE l.member_id = ANY(%(keys)s) AND l.currency_id + 0 = %(points)s AND l.remaining > 0 AND NOT l.is_pending
        AND l.expires_at > %(begins)s AND l.expires_at <= %(ends)s GROUP BY l.member_id) due""",
    ),
    TIERS: _EVENT.format(
        event=EVENTS[TIERS],
        tiers="""json_build_array(json_build_object('group', 'main', 'tier', 'gold', 'name', 'Gold',
            'valid_until', %(last)s))""",
        data=f"""'tier', json_build_object('group', 'main', 'group_name', 'Main', 'before', 'gold',
            'before_name', 'Gold', 'tier', CASE WHEN due.counted >= 500 THEN 'silver' ELSE 'base' END,
            'name', CASE WHEN due.counted >= 500 THEN 'Silver' ELSE 'Base' END,
            'since_at', {_UTC.format("due.since_at")}, 'valid_until', %(last)s, 'reason', 'downgrade'),
        'missing', json_build_object('by', %(last)s, 'currencies',
            json_build_array(json_build_object('currency', 'status', 'points', 1000 - due.counted)))""",
        once="concat(%(trigger)s, ' days before standing ', due.id)",
        due="""(SELECT s.member_id, s.id, s.since_at, COALESCE(t.points + t.carried, 0) AS counted
    FROM members_standing s LEFT JOIN members_tally t
        ON t.member_id = s.member_id AND t.group_id = s.group_id AND t.period = %(cycle)s
    WHERE s.is_current AND s.member_id = ANY(%(keys)s) AND s.group_id + 0 = %(group)s AND s.tier_id = %(gold)s
        AND s.valid_until > %(begins)s AND s.valid_until <= %(ends)s AND COALESCE(t.points + t.carried, 0) < 1000
    ) due""",
    ),
}
