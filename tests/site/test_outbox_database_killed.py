"""The database server is killed while workers send and tills post: nothing that was acknowledged is lost, what has a
key arrives once, and the rest at most once.

The server is one of its own, durable as in production; workers, web server and kinds of deliveries are as shipped.
"""

import time
from collections import Counter

import pytest
from django.db import connection
from django.db.models import Count, F

from members.models import Attempt, Delivery, Event
from tests.support import factories, messaging
from tests.support.api_caller import Caller
from tests.support.fake_receiver import receiving
from tests.support.killed_database import killed_database
from tests.support.outbox import endpoint, twilio
from tests.support.outbox_process import AS_SHIPPED
from tests.support.outbox_workers import crew, is_anything_left
from tests.support.processes import web_server
from tests.support.tills import tills
from transactions.models import Journal
from transactions.proof.audit import audit

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no server that could be killed"),
]

#: Purchases that are posted before anything is sent; two webhooks and a text tell of each.
MANY = 400
TILLS = 3
LEASE_S = 4
#: So long the server is away each time, in seconds: first for longer than any lease, and a worker is killed, too.
AWAY_S = (LEASE_S + 1, 0, 0.5, 0)
#: So long all of it may take before it is said to hang, in seconds.
LONGEST_S = 200


@pytest.fixture
def database():
    with killed_database() as one:
        yield one


@pytest.fixture
def receiver(database):
    # So that many are under way whenever the server is killed.
    with receiving(delay_s=0.05) as both:
        yield both


@pytest.fixture
def club(receiver):
    """It tells a webhook of everything, and members of each purchase by a text that is the name of the purchase."""
    made = factories.program("club")
    endpoint(made, f"{receiver[1]}/hook")
    words = {"en": ("", "{{ transaction.external_id }}", "")}
    messaging.message(made, via=twilio(made, receiver[1]), texts=words)
    made.refresh_from_db()
    return made


@pytest.fixture
def members(club):
    return [factories.member(club, phone=f"+336123{number:05}") for number in range(20)]


def until(is_so, workers, *, rings=True):
    """Wait until it is, and ring meanwhile."""
    deadline = time.monotonic() + LONGEST_S
    while not is_so():
        assert time.monotonic() < deadline, workers.told()
        if rings:
            workers.ring()
        time.sleep(0.05)


def kill_again_and_again(database, receiver, workers):
    """Whenever some more was sent and something is under way."""
    for away_s in AWAY_S:
        wanted = receiver.requests + 2 * MANY // len(AWAY_S)
        until(lambda wanted=wanted: receiver.requests >= wanted and receiver.under_way, workers)
        if not workers.kills:
            until(are_both_sending, workers)
        database.kill()
        if not workers.kills:
            # As where both ran on one machine. The new one begins while there is no database.
            workers.kill_one()
        time.sleep(away_s)
        database.start()


def are_both_sending():
    """Texts, of which each worker has few at a time."""
    return Delivery.objects.filter(kind="message", state="sending").values("lease").distinct().count() == 2


def wait_for_all(workers):
    """Until each of them has asked the server as it is now. They are connected while they look, and no longer."""
    seen = set()

    def are_seen():
        with connection.cursor() as cursor:
            cursor.execute("SELECT application_name FROM pg_stat_activity")
            seen.update(name for (name,) in cursor.fetchall())
        return seen.issuperset(one.name for one in workers.workers)

    until(are_seen, workers)


def is_nothing_held():
    """Whether nobody else is in a transaction, or has a lock that outlives one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
            "AND xact_start IS NOT NULL AND pid <> pg_backend_pid()), "
            "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')"
        )
        return cursor.fetchone() == (0, 0)


def purchases_told():
    """{key of the event: name of the purchase} of the points that members were told of."""
    earned = Event.objects.filter(type="points.earned").values_list("pk", "data")
    of_points = {pk: data for pk, data in earned if data["points"]["currency"] == "points"}
    return {pk: data["transaction"]["external_id"] for pk, data in of_points.items()}


def check_what_is_stored(club, acknowledged):
    """Every purchase that was acknowledged is there, once, and was told."""
    found = list(Journal.objects.filter(kind="accrual").values_list("external_id", "pk"))
    assert acknowledged.items() <= dict(found).items(), "what was acknowledged is lost"
    assert len(dict(found)) == len(found)
    assert Counter(purchases_told().values()) == Counter(dict(found).keys())
    assert not list(audit(club))


def check_webhooks(receiver):
    """One of each event for who looks at the key; whatever came again had the same bytes."""
    hooks = Counter(one.key for one in receiver.accepted if one.key)
    assert hooks == Counter(Event.objects.values_list("name", flat=True))
    bodies = {one.key: one.body for one in receiver.accepted if one.key}
    assert all(bodies[one.key] == one.body for one in receiver.repeated)
    assert set(Delivery.objects.filter(kind="webhook").values_list("state", flat=True)) == {"sent"}
    assert len(receiver.repeated) <= Attempt.objects.filter(result="cut-off", has_key=True).count()


def check_texts(receiver):
    """At most one of each purchase; of what did not arrive it is said that nobody knows."""
    texts = Counter(one.name for one in receiver.accepted if not one.key)
    assert set(texts.values()) == {1}, "a text was sent twice"
    told = purchases_told()
    rows = Delivery.objects.filter(kind="message").values_list("event", "state")
    states = {told[event]: state for event, state in rows}
    assert set(texts) <= set(states) == set(told.values())
    assert set(states.values()) <= {"sent", "unknown"}
    assert {name for name, state in states.items() if state == "sent"} <= set(texts)
    unknown = Delivery.objects.filter(state="unknown").values_list("tries__result", flat=True)
    assert set(unknown) <= {"cut-off"}


def check_attempts():
    """Each has an end, and as many are counted as are written down."""
    assert Attempt.objects.filter(result="cut-off").exists(), "nobody was killed in the middle of anything"
    assert not Attempt.objects.filter(ended_at=None).exists()
    assert not Delivery.objects.annotate(written=Count("tries")).exclude(written=F("attempts")).exists()


def test_a_database_that_is_killed_again_and_again_loses_nothing_and_doubles_nothing(
    database, club, members, receiver, tmp_path
):
    early = [factories.purchase(members[number % len(members)], 1000, f"early-{number}") for number in range(MANY)]
    posted = factories.post(club, *early)
    acknowledged = {item.external_id: result.journal_id for item, result in zip(early, posted, strict=True)}
    key = Caller(club.owner).text
    with crew(tmp_path, AS_SHIPPED, OUTBOX_LEASE_S=str(LEASE_S)) as workers:
        first, second = workers.start(), workers.start()
        with web_server(REDIS_URL=workers.url, LOG_LEVEL="CRITICAL") as port:
            for one in (first, second):
                one.wait_until_ready()
            with tills(TILLS, port=port, key=key, members=members) as selling:
                kill_again_and_again(database, receiver[0], workers)
        until(lambda: not is_anything_left(), workers)
        wait_for_all(workers)
        until(is_nothing_held, workers, rings=False)
        assert second in workers.workers
        assert all(one.process.poll() is None for one in workers.workers), workers.told()
    assert database.kills == len(AWAY_S)
    for till in selling:
        assert set(till.statuses) <= {200, 201, 503}
        acknowledged |= till.acknowledged
    assert len(acknowledged) > MANY + TILLS
    check_what_is_stored(club, acknowledged)
    check_webhooks(receiver[0])
    check_texts(receiver[0])
    check_attempts()
