"""May what was told of somebody be sent again after the person was erased? Never: it has the number of now."""

from django.utils import timezone

from members.models import Delivery
from members.outbox.replaying import replay
from tests.support import factories
from tests.support.outbox import drain, endpoint, event, outbox
from transactions.erasing.erasures import erase


def test_nothing_of_before_is_sent_again_but_whose_data_to_erase_is(db, settings, monkeypatch):
    program = factories.program()
    ada = factories.member(program)
    before = ada.number
    with outbox(settings, monkeypatch) as (receiver, address):
        endpoint(program, f"{address}/hook")
        event(program, member=ada, data={"member": {"number": before}})
        drain()
        erase(ada.customer, reason="Request 17")
        drain()
        replay(Delivery.objects.all(), now=timezone.now())
        drain()
        ada.refresh_from_db()
        assert not [one for one in (*receiver.accepted, *receiver.repeated) if ada.number.encode() in one.body]
    states = dict(Delivery.objects.values_list("event__type", "state"))
    assert states == {"points.earned": "skipped", "member.erased": "sent"}
    assert Delivery.objects.get(state="skipped").reason == "The person was erased."
