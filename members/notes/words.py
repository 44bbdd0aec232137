"""What does an event say to people of the staff, and where do they act on it? Plain sentences and an address."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

from loyalty_site.lib import instants
from loyalty_site.lib.instants import full_day
from loyalty_site.lib.panels import moment
from members.models import Event
from members.notes.readers import part
from partners.events import EVENTS

#: So much of a text that somebody else wrote is repeated.
_LONGEST = 400
_MARKS = {"approved": "Approved", "rejected": "Rejected", "withdrawn": "Withdrawn"}


@dataclass(frozen=True, slots=True)
class Note:
    """`title` is one line, `lines` are further sentences, `address` is where to act, from the site's root on."""

    title: str
    lines: tuple[str, ...]
    address: str


def note(event: Event) -> Note:
    """What `event`, whose program was read along, says to people of the staff. Never raises for what it says."""
    say = _SAID.get(event.type, _anything)
    return say(event)


def opening(event: Event) -> str:
    """The whole address that a mail or a line in a chat leads to: it opens the place, and marks the event as read."""
    return _whole(reverse("admin:members_staffnotice_open", args=[event.name]))


def choosing() -> str:
    """The whole address of the page on which one chooses how to hear of things."""
    return _whole(reverse("admin:members_staffsubscription_mine"))


def _whole(address: str) -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}{address}"


def one_line(text: object) -> str:
    """A text without line breaks, and not for ever."""
    words = " ".join(str(text).split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


def _requested(event: Event) -> Note:
    said = part(event, "approval")
    by = _said(said, "by")
    lines = (f"Asked for by {by}." if by else "", _program(event))
    return _note(f"To decide: {_said(said, 'what')}", lines, _place(said))


def _decided(event: Event) -> Note:
    said = part(event, "approval")
    by, status = _said(said, "by"), _said(said, "status")
    lines = (f"Asked for by {by}." if by else "", _program(event))
    return _note(f"{_MARKS.get(status, status)}: {_said(said, 'what')}", lines, _place(said))


def _held(event: Event) -> Note:
    said = part(event, "downgrades")
    who = "1 member waits" if said.get("count") == 1 else f"{_said(said, 'count')} members wait"
    lines = ("Nobody is lowered until somebody agrees.", _program(event))
    return _note(f"{who} to be lowered in “{_said(said, 'group')}”", lines, _place(said))


def _failed(event: Event) -> Note:
    said = part(event, "night")
    again = "It is tried again every quarter of an hour, and goes on where it stopped; the steps behind it wait."
    lines = (_said(said, "error"), again, _program(event))
    step, day = _said(said, "step"), _day(said)
    if step == "begin":
        again = "The clock of the server has to be looked at. If it is right: manage.py night --force."
        lines = (_said(said, "error"), again, _program(event))
        return _note(f"The night after {day} could not begin", lines, _nights(event))
    return _note(f"The step “{step}” failed in the night after {day}", lines, _nights(event, step))


def _finished(event: Event) -> Note:
    title = f"The night after {_day(part(event, 'night'))} has run"
    return _note(title, (_program(event),), _nights(event))


def _drift(event: Event) -> Note:
    said = part(event, "differences")
    first = said.get("first")
    lines = tuple(one_line(one) for one in first) if isinstance(first, list | tuple) else ()
    found = "a difference" if said.get("count") == 1 else f"{_said(said, 'count')} differences"
    what = "What is stored does not follow from the ledger; nothing was changed. “manage.py audit” lists all of it."
    return _note(f"The audit found {found}", (*lines, what, _program(event)), _nights(event, "reconcile"))


def _dead(event: Event) -> Note:
    said = part(event, "channel")
    endpoint, since = _said(said, "endpoint"), instants.instant(_said(said, "since"))
    what = endpoint or _said(said, "connection")
    lines = (
        f"Connection: {_said(said, 'connection')}." if endpoint else "",
        f"Nothing gets through since {moment(since, event.program.zone)}." if since else "",
        f"It answered: {_said(said, 'reason')}" if said.get("reason") else "",
        "What is to be sent waits. Points are not touched by it.",
    )
    return _note(f"{what} does not answer", lines, _channels(is_webhook=bool(endpoint)))


def _nearly_used(event: Event) -> Note:
    title = f"{_budget(event)} is used up to {_said(part(event, 'budget'), 'percent')} %"
    return _note(title, (*_use(event), _program(event)), _place(part(event, "budget")))


def _used_up(event: Event) -> Note:
    lines = (*_use(event), "What goes beyond it is not given, or refused, as the cap says.", _program(event))
    return _note(f"{_budget(event)} is used up", lines, _place(part(event, "budget")))


def _budget(event: Event) -> str:
    said = part(event, "budget")
    return f"“{_said(said, 'name')}”" + (f" of store {_said(said, 'store')}" if said.get("store") else "")


def _use(event: Event) -> tuple[str, ...]:
    """How much is used up, and whose budget it is."""
    said = part(event, "budget")
    counted = {"uses": "times", "money": event.program.money}.get(_said(said, "measure"), _said(said, "currency"))
    since = f" since {full_day(first)}" if (first := _date(said, "since")) else ""
    return (
        f"{_said(said, 'used')} of {_said(said, 'limit')} {counted} are used{since}.",
        f"Promotion: {_said(said, 'promotion')}." if said.get("promotion") else "",
    )


def _anything(event: Event) -> Note:
    known = EVENTS.get(event.type)
    return _note(known.label if known else event.type, (_program(event),), reverse("admin:index"))


_SAID: Mapping[str, Callable[[Event], Note]] = {
    "approval.requested": _requested,
    "approval.decided": _decided,
    "downgrades.held": _held,
    "budget.nearly_used": _nearly_used,
    "budget.used_up": _used_up,
    "night.failed": _failed,
    "night.finished": _finished,
    "reconcile.drift": _drift,
    "channel.dead": _dead,
}


def _note(title: str, lines: tuple[str, ...], address: str) -> Note:
    return Note(one_line(title), tuple(filter(None, lines)), address)


def _said(said: Mapping[str, object], name: str) -> str:
    value = said.get(name)
    return "" if value is None else one_line(value)


def _program(event: Event) -> str:
    return f"Program: {one_line(event.program.name)}."


def _day(said: Mapping[str, object]) -> str:
    day = _date(said, "day")
    return full_day(day) if day else _said(said, "day")


def _date(said: Mapping[str, object], name: str) -> date | None:
    """A day that the event names, None where it is none."""
    try:
        return date.fromisoformat(_said(said, name))
    except ValueError:
        return None


def _place(said: Mapping[str, object]) -> str:
    """The address that the event names, if it is one of ours."""
    address = str(said.get("address") or "")
    is_ours = address.startswith("/") and not address.startswith("//")
    return address if is_ours else reverse("admin:index")


def _nights(event: Event, step: str = "") -> str:
    query = {"program__id__exact": event.program_id} | ({"q": step} if step else {})
    return f"{_list('transactions_nightrun')}?{urlencode(query)}"


def _channels(*, is_webhook: bool) -> str:
    return _list("partners_webhookendpoint" if is_webhook else "partners_connection")


def _list(model: str) -> str:
    try:
        return reverse(f"admin:{model}_changelist")
    except NoReverseMatch:
        return reverse("admin:index")
