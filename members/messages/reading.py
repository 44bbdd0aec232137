"""What has to be known to compose messages? Read for all of them with a fixed number of statements."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from loyalty_site.lib.json_types import Json
from members import consenting
from members.messages import still_true
from members.messages.limits import WEEK
from members.models import Delivery, SegmentMembership
from partners import channels
from programs.messages.rendering import Words
from programs.messages.variables import Currency
from programs.models import Currency as CurrencyRow
from programs.models import Message, MessagePolicy, MessageText, Segment

_State = Delivery.State
#: So many of those that wait are told by one message; more become another one.
MOST_TOLD = 1000


@dataclass(frozen=True, slots=True)
class Known:
    """Of messages by key: their words by language; of programs: policies and currencies by code; of members and
    channels of consent, what they said last; of members and channels, when marketing was sent to them; of messages
    and members, what else waits to be told with it; of events, what changed since; of messages and
    members, the segment that the message is for and that the member is not in."""

    texts: Mapping[int, Mapping[str, Words]]
    policies: Mapping[int, MessagePolicy]
    consents: Mapping[tuple[int, str], bool]
    currencies: Mapping[int, Mapping[str, Currency]]
    sent: defaultdict[tuple[int, str], list[datetime]]
    waiting: Mapping[tuple[int, int], list[Delivery]]
    changed: Mapping[int, dict[str, Json] | str]
    outside: Mapping[tuple[int, int], str]


def read(deliveries: Sequence[Delivery], now: datetime) -> Known:
    """What is known at `now` of these messages, their members and their programs."""
    programs = {one.program_id for one in deliveries}
    return Known(
        texts=_texts({one.message_id for one in deliveries if one.message_id}),
        policies={policy.program_id: policy for policy in MessagePolicy.objects.filter(program__in=programs)},
        consents=consenting.latest({one.member.customer_id for one in deliveries if one.member}),
        currencies=currencies_of(programs),
        sent=_sent(deliveries, now),
        waiting=_waiting(deliveries),
        changed=still_true.changed([one.event for one in deliveries]),
        outside=_outside(deliveries),
    )


def _texts(messages: Collection[int]) -> dict[int, dict[str, Words]]:
    found: dict[int, dict[str, Words]] = defaultdict(dict)
    for text in MessageText.objects.filter(message__in=messages).order_by("pk"):
        found[text.message_id][text.language] = text.words
    return found


def currencies_of(programs: Collection[int]) -> dict[int, dict[str, Currency]]:
    """{program: {code: how its points are written}}."""
    found: dict[int, dict[str, Currency]] = {key: {} for key in programs}
    rows = CurrencyRow.objects.filter(program__in=programs).values_list("program_id", "code", "name", "decimals")
    for program, code, name, decimals in rows:
        found[program][code] = Currency(name, decimals)
    return found


def channel_key(platform: str) -> str:
    """By what the messages of one channel are counted, through whatever connection they go."""
    channel = channels.registry.get(platform)
    return (channel.consent if channel else "") or platform


def _sent(deliveries: Sequence[Delivery], now: datetime) -> defaultdict[tuple[int, str], list[datetime]]:
    """When marketing was sent to the members; what others are sending at this moment counts where it came first."""
    found: defaultdict[tuple[int, str], list[datetime]] = defaultdict(list)
    marketing = [one for one in deliveries if one.message and one.message.purpose == Message.Purpose.MARKETING]
    if not marketing:
        return found
    gone = Q(state__in=[_State.SENT, _State.UNKNOWN], ended_at__gt=now - WEEK)
    going = Q(state=_State.SENDING, pk__lt=max(one.pk for one in marketing))
    rows = Delivery.objects.filter(
        gone | going,
        kind=Delivery.Kind.MESSAGE,
        member__in={one.member_id for one in marketing},
        message__purpose=Message.Purpose.MARKETING,
    ).exclude(pk__in=[one.pk for one in deliveries])
    for member, platform, ended_at in rows.values_list("member_id", "connection__platform", "ended_at"):
        found[member or 0, channel_key(platform)].append(ended_at or now)
    return found


def _waiting(deliveries: Sequence[Delivery]) -> dict[tuple[int, int], list[Delivery]]:
    """What else is told by messages with all of a day, the oldest first: what waits, and what they began to tell
    when they were tried before."""
    daily = [one for one in deliveries if one.lane and one.message and one.message.digest != Message.Digest.NONE]
    if not daily:
        return {}
    found: dict[tuple[int, int], list[Delivery]] = defaultdict(list)
    waits = Q(lane__in={one.lane for one in daily}, next_at__isnull=False, state=_State.WAITING)
    rows = Delivery.objects.filter(waits | Q(digest__in=[one.pk for one in daily]))
    for row in rows.exclude(pk__in=[one.pk for one in deliveries]).select_related("event").order_by("pk"):
        told = found[row.message_id or 0, row.member_id or 0]
        if len(told) < MOST_TOLD:
            told.append(row)
    return found


def _outside(deliveries: Sequence[Delivery]) -> dict[tuple[int, int], str]:
    """{(message, member): name of the segment} where a message is for a segment that the member is not in."""
    meant = {
        (one.message_id or 0, one.member_id or 0): one.message.segment_id
        for one in deliveries
        if one.message and one.message.segment_id
    }
    if not meant:
        return {}
    rows = SegmentMembership.objects.filter(
        segment__in=set(meant.values()), segment__is_active=True, member__in={member for _, member in meant}
    )
    inside = set(rows.values_list("member_id", "segment_id"))
    names = dict(Segment.objects.filter(pk__in=set(meant.values())).values_list("pk", "name"))
    return {key: names[segment] for key, segment in meant.items() if (key[1], segment) not in inside}
