"""How much does a worker take at once? Much of what has a key and goes quickly, little of what may end unknown."""

from members.models import Attempt, Delivery
from members.outbox import claiming, draining
from tests.support.outbox import drain, endpoint, events, states, twilio


def taken(monkeypatch):
    """Notes how many of each kind a claim took."""
    sizes, claim = {"webhook": [], "note": []}, claiming.claim

    def noting(*args, **kwargs):
        found = claim(*args, **kwargs)
        for kind, of_kind in sizes.items():
            of_kind.append(sum(one.kind == kind for one in found.deliveries))
        return found

    monkeypatch.setattr(claiming, "claim", noting)
    return sizes


def test_much_is_taken_at_once_of_what_has_a_key_only(program, receiver, address, monkeypatch, settings):
    endpoint(program, f"{address}/hook")
    twilio(program, address)
    settings.OUTBOX_THREADS = 2
    events(program, 60)
    sizes = taken(monkeypatch)
    drain()
    assert states() == {"sent": 120}
    assert max(sizes["webhook"]) > 4
    assert max(sizes["note"]) <= 4


def test_what_no_thread_begins_in_time_is_put_back_unattempted(program, receiver, address, monkeypatch, settings):
    endpoint(program, f"{address}/hook")
    settings.OUTBOX_THREADS = 1
    monkeypatch.setattr(draining, "BEGUN_WITHIN_S", 0.05)
    receiver.delay_s = 0.1
    events(program, 3)
    drain()
    deliveries = Delivery.objects.all()
    assert {(one.state, one.attempts) for one in deliveries} == {("sent", 1)}
    assert Attempt.objects.count() == receiver.requests == 3
