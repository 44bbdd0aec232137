"""What happens to what waits when somebody changed SECRET_KEY and kept no old one?"""

from members.models import Delivery
from tests.support.outbox import drain, endpoint, event, pass_time, twilio


def test_who_cannot_be_signed_or_signed_in_for_waits_and_everybody_else_is_served(
    program, receiver, address, settings
):
    right = settings.SECRET_KEY
    endpoint(program, f"{address}/old")
    twilio(program, address)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "other" * 12, []
    new = endpoint(program, f"{address}/new")
    event(program)
    drain()
    assert [one.path for one in receiver.accepted] == ["/new"]
    waiting = Delivery.objects.filter(state="waiting")
    assert set(waiting.values_list("attempts", flat=True)) == {0}
    assert all("SECRET_KEY_FALLBACKS" in one.reason for one in waiting)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "other" * 12, [right]
    pass_time(minutes=11)
    drain()
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["sent", "sent", "sent"]
    assert new.deliveries.get().attempts == 1
