"""What do programs usually give points for, what tells one such event from another, and how often does it count?

Pure, and only the usual: a program may name its activities as it likes (semantics C6).
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple


class Guard(NamedTuple):
    """How often an event usually gives something to one member: so many times in each `period` of a cap."""

    limit: int
    period: str

    @property
    def words(self) -> str:
        """The same as the end of a sentence."""
        if self.period == "ever":
            return "once for each member" if self.limit == 1 else f"at most {self.limit} times for each member"
        return f"at most {self.limit} times a {self.period} for each member"


class Trigger(NamedTuple):
    """An activity by its usual `name`; `key` says in words what its `external_id` is made of, so that the same event
    that is reported twice gives once."""

    name: str
    label: str
    key: str
    guard: Guard | None = None


_ONCE, _SOME_A_MONTH = Guard(1, "ever"), Guard(5, "month")

TRIGGERS = (
    Trigger("purchase", "An order that is paid", "the number of the order, the charge or the invoice"),
    Trigger("visit", "A visit", "the number of the visit, or the member and the day"),
    Trigger("booking", "A booking that is completed", "the number of the booking"),
    Trigger("game", "A game that was played", "the number of its booking"),
    Trigger("event", "An event that was attended", "the number of its booking, or the event and the member"),
    Trigger("appointment", "An appointment for a service", "the number of the appointment"),
    Trigger("registration", "A registration, a first account", "the member", _ONCE),
    Trigger("app_download", "The first sign-in in an app", "the member", _ONCE),
    Trigger("profile", "A profile that is completed", "the member and the set of fields", _ONCE),
    Trigger("review", "A review after a visit or a purchase", "the number of the review", _SOME_A_MONTH),
    Trigger("feedback", "Feedback after a visit or a purchase", "the number of the answer", _SOME_A_MONTH),
    Trigger("deal", "A deal that was won", "the number of the deal"),
    Trigger("code", "A promo or referral code that was typed", "the code and the member", _ONCE),
)


def known(activities: Collection[str]) -> Iterator[Trigger]:
    """The usual ones among these activities, in the order of their list."""
    return (trigger for trigger in TRIGGERS if trigger.name in activities)


def guards(scope: str, measure: str) -> bool:
    """Whether a cap of a rule with this scope and measure limits how often it gives to one member."""
    return scope == "member" and measure == "uses"
