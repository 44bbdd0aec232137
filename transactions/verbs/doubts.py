"""What of a fact is surely wrong, though it could be booked? Its program says: refused, or taken with a warning."""

import difflib
from collections.abc import Iterable, Iterator, Sequence

from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refusal, Refused
from partners.activity import Activity, Redemption
from programs import versions
from programs.configuration import Configuration
from transactions.books.posting import Posting


class Doubtful(Refused):
    """What is reported is surely not meant, and the program refuses such facts: each doubt at its own field."""

    def __init__(self, doubts: Sequence[Refusal]) -> None:
        details = " ".join(doubt.detail for doubt in doubts)
        super().__init__(details, field=doubts[0].field, code=doubts[0].code, several=doubts)


def of_activity(posting: Posting[Activity]) -> Iterator[Refusal]:
    """What is surely wrong with an activity, by the configuration of today and by that of its day."""
    item, today = posting.item, posting.configuration
    if item.kind == "purchase" and item.amount is None:
        detail = "The purchase has no amount, so nothing was given for money; send 0 where nothing was paid."
        yield Refusal("amount_missing", detail, field="amount")
    if item.kind not in today.known_activities:
        then = versions.in_force(today, posting.activity_at)
        if item.kind not in then.known_activities:
            yield Refusal("activity_unknown", _unknown_activity(item.kind, today), field="activity")
    yield from _of_channel(item.channel, today)


def of_redemption(posting: Posting[Redemption]) -> Iterator[Refusal]:
    """What is surely wrong with a redemption."""
    yield from _of_channel(posting.item.channel, posting.configuration)


def _of_channel(channel: str, configuration: Configuration) -> Iterator[Refusal]:
    if channel and configuration.channels and channel not in configuration.channels:
        known = ", ".join(sorted(configuration.channels))
        detail = f"The program has no channel “{channel}”; known are {known}."
        yield Refusal("channel_unknown", detail, field="channel")


def _unknown_activity(kind: str, configuration: Configuration) -> str:
    near = difflib.get_close_matches(kind, sorted(configuration.known_activities), n=1)
    hint = f"did you mean {near[0]}?" if near else "add it to the further activities of the program if it is meant."
    return f"No rule, cap or list of the program knows the activity “{kind}”; {hint}"


def settled(posting: Posting[Activity] | Posting[Redemption], doubts: Iterable[Refusal]) -> JsonObject:
    """What is answered about `doubts`: their `warnings`, {} where there are none.

    Raises Doubtful in a program that refuses them, but for what was written down before and is only decided now.
    """
    found = list(doubts)
    if found and posting.configuration.is_strict and not posting.resumed:
        raise Doubtful(found)
    return {"warnings": [doubt.as_dict() for doubt in found]} if found else {}
