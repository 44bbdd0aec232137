"""What is brought to a receiver, and in which ways? All of it inside a process that `databases.use` has prepared.

A message is an event that one webhook endpoint hears of: signed, over plain HTTP, to a receiver on this machine.
"""

import time
from concurrent.futures import ThreadPoolExecutor

#: Threads of the floor, as many as a worker of the outbox has.
THREADS = 16


def build(address):
    """Make the tables, a program, and one endpoint."""
    from django.core.management import call_command

    from tests.support import factories
    from tests.support.outbox import endpoint

    call_command("migrate", verbosity=0)
    endpoint(factories.program("benchmark"), f"{address}/hook")


def fill(count, is_spread):
    """So many events, nothing of earlier ones left; `is_spread` writes their deliveries, too. Returns their names."""
    from django.db import connection
    from django.utils import timezone

    from members.models import Attempt, Delivery, Event
    from members.outbox import spreading
    from programs.models import Program
    from tests.support.outbox import events

    for model in (Attempt, Delivery, Event):
        model.objects.all().delete()
    told = events(Program.objects.get(code="benchmark"), count)
    while is_spread and spreading.spread(timezone.now()):
        pass
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return [one.name for one in told]


def drain():
    """The outbox, as a worker empties it; returns how many messages it has brought to their end."""
    from members.outbox import draining

    total = 0
    while True:
        counts = draining.drain()
        total += counts["ended"]
        if not counts["spread"] and not counts["sent"]:
            return total


def one_by_one():
    """As most would write it: the oldest row is locked, sent and marked in one transaction, and then the next."""
    import httpx
    from django.db import transaction
    from django.utils import timezone

    from members.models import Delivery
    from members.outbox.kinds.webhooks import Webhooks

    total, kind = 0, Webhooks()
    with httpx.Client() as client:
        while True:
            with transaction.atomic():
                waiting = Delivery.objects.filter(state="waiting").order_by("pk")
                along = waiting.select_related("event__program", "connection", "endpoint")
                one = along.select_for_update(skip_locked=True, of=("self",)).first()
                if one is None:
                    return total
                request = kind.compose([one], timezone.now())[one.pk].request
                client.post(request.url, headers=dict(request.headers), content=request.content).raise_for_status()
                one.state, one.next_at, one.ended_at = "sent", None, timezone.now()
                one.save(update_fields=["state", "next_at", "ended_at"])
            total += 1


def requests(part, of):
    """The requests of every `of`-th delivery, signed: what the floor posts."""
    from django.utils import timezone

    from members.models import Delivery
    from members.outbox.kinds.webhooks import Webhooks

    rows = Delivery.objects.select_related("event__program", "connection", "endpoint").order_by("pk")
    mine = [one for place, one in enumerate(rows) if place % of == part]
    composed = Webhooks().compose(mine, timezone.now())
    return [composed[one.pk].request for one in mine]


def prepare_floor(part, of):
    """Keep the requests of this process for `floor`."""
    _prepared[:] = requests(part, of)
    return len(_prepared)


_prepared = []


def floor():
    """The same bodies and headers by bare httpx, from as many threads, nothing read or written; returns how many."""
    import httpx

    with httpx.Client(limits=httpx.Limits(max_connections=THREADS)) as client, ThreadPoolExecutor(THREADS) as pool:

        def post(request):
            return client.post(request.url, headers=dict(request.headers), content=request.content).status_code

        return sum(status == 200 for status in pool.map(post, _prepared))


def timed(name):
    """(when it began, when it ended, what it returned) of one way, by one clock for all processes."""
    began = time.perf_counter()
    done = {"outbox": drain, "one by one": one_by_one, "floor": floor}[name]()
    return began, time.perf_counter(), done


def check(names):
    """Raises AssertionError unless every event has one delivery that was sent, with one attempt."""
    from members.models import Attempt, Delivery, Event

    assert set(Delivery.objects.filter(state="sent").values_list("event__name", flat=True)) == set(names)
    assert Delivery.objects.count() == Attempt.objects.filter(result="sent").count() == len(names)
    assert not Event.objects.filter(spread_at=None).exists()
