"""Look at what leaves for members, staff and other systems, send something again, or empty the outbox now.

    manage.py deliveries list [--state dead] [--kind webhook] [--program CODE] [--limit 20]
    manage.py deliveries show KEY
    manage.py deliveries replay KEY ... | --state dead|unknown|skipped|sent [--kind ...] [--program CODE] [--yes]
    manage.py deliveries drain

KEY is the number of a delivery. Exit codes: 0 done; 1 something that is due is still open behind a drain; 2 no such
delivery or program, nothing to be replayed, or options that do not go together.
"""

from collections.abc import Sequence

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count, QuerySet
from django.utils import timezone

from loyalty_site.management.named_programs import program_of
from members.models import Delivery, Event
from members.outbox import draining
from members.outbox.replaying import REPLAYED, replay

LEFT, UNKNOWN = 1, 2
_REPLAYED = [state.value for state in REPLAYED]
#: A drain by hand goes on until nothing is due, with a word in between, in seconds.
_TURN_S = 10.0


class Command(BaseCommand):
    help = "List, show, replay or send what is on its way."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|show|replay|drain")
        listed = verbs.add_parser("list", help="the newest ones, and how many there are in each state")
        _add_choice(listed, Delivery.State.values)
        listed.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many (20)")
        shown = verbs.add_parser("show", help="one delivery with its attempts, as sent and answered")
        shown.add_argument("keys", nargs=1, type=int, metavar="KEY")
        replayed = verbs.add_parser("replay", help="let what is at its end be tried anew, under the same key")
        replayed.add_argument("keys", nargs="*", type=int, metavar="KEY")
        _add_choice(replayed, _REPLAYED)
        replayed.add_argument("--yes", action="store_true", help="do not ask; needed for more than one without KEYs")
        verbs.add_parser("drain", help="send what is due, now and here")

    def handle(
        self,
        *,
        verb: str,
        keys: Sequence[int] = (),
        state: str | None = None,
        kind: str | None = None,
        program: str | None = None,
        limit: int = 20,
        yes: bool = False,
        **options: object,
    ) -> None:
        chosen = _chosen(state, kind, program)
        if verb == "list":
            self._list(chosen, limit)
        elif verb == "show":
            self._show(keys[0])
        elif verb == "replay":
            if keys and (state or kind or program is not None):
                raise CommandError("Name either deliveries or what they have in common.", returncode=UNKNOWN)
            self._replay(Delivery.objects.filter(pk__in=keys) if keys else chosen, keys, is_sure=yes or bool(keys))
        else:
            self._drain()

    def _list(self, chosen: QuerySet[Delivery], limit: int) -> None:
        for one in chosen.select_related("event", "connection__partner", "endpoint").order_by("-pk")[: max(limit, 0)]:
            self.stdout.write(f"{_line(one)}{f': {one.reason}' if one.reason else ''}")
        counts = chosen.order_by().values_list("state").annotate(Count("pk"))
        words = ", ".join(f"{Delivery.State(state).label.lower()} {count}" for state, count in sorted(counts))
        waiting = Event.objects.filter(spread_at=None).count()
        self.stdout.write(f"{words or 'nothing'}; {waiting} events have no deliveries yet.")

    def _show(self, key: int) -> None:
        known = Delivery.objects.select_related("event", "connection__partner", "endpoint").filter(pk=key).first()
        if known is None:
            raise CommandError(f"There is no delivery {key}.", returncode=UNKNOWN)
        self.stdout.write(_line(known))
        self.stdout.write(f"key {known.key}\nsent to {known.recipient or '-'}\nreason {known.reason or '-'}")
        if known.next_at:
            self.stdout.write(f"next try {known.next_at.isoformat(timespec='seconds')}")
        for tried in known.tries.all():
            result = tried.get_result_display() if tried.result else "under way"
            self.stdout.write(f"\nattempt {tried.number} at {tried.started_at.isoformat()}: {result} {tried.reason}")
            for title, words in (("sent", tried.request), ("answered", tried.answer)):
                if words:
                    self.stdout.write(f"{title}:\n" + "\n".join(f"  {line}" for line in words.splitlines()))

    def _replay(self, chosen: QuerySet[Delivery], keys: Sequence[int], *, is_sure: bool) -> None:
        missing = set(keys) - set(chosen.values_list("pk", flat=True))
        if missing:
            raise CommandError(f"There is no delivery {min(missing)}; nothing was changed.", returncode=UNKNOWN)
        count = chosen.filter(state__in=REPLAYED).count()
        if not count:
            raise CommandError(
                f"None of them can be replayed: their state must be one of {', '.join(_REPLAYED)}.",
                returncode=UNKNOWN,
            )
        if not is_sure:
            raise CommandError(f"That would send {count} once more: say --yes.", returncode=UNKNOWN)
        self.stdout.write(f"{replay(chosen, now=timezone.now())} will be tried anew.")

    def _drain(self) -> None:
        while True:
            counts = draining.drain(seconds=_TURN_S)
            words = ", ".join(f"{name} {counts[name]}" for name in ("spread", "sent", "ended"))
            self.stdout.write(words if counts else "others are at it, or the database takes nothing for a time")
            if not counts["spread"] and not counts["sent"]:
                break
        due = Delivery.objects.filter(state=Delivery.State.WAITING, next_at__lte=timezone.now()).count()
        if due:
            raise CommandError(
                f"{due} are due and wait: their connection or endpoint is paused, or others send them.",
                returncode=LEFT,
            )


def _add_choice(parser: CommandParser, states: Sequence[str]) -> None:
    parser.add_argument("--state", choices=states)
    parser.add_argument("--kind", choices=Delivery.Kind.values)
    parser.add_argument("--program", metavar="CODE")


def _chosen(state: str | None, kind: str | None, program: str | None) -> QuerySet[Delivery]:
    """Those that have all of this. An empty code is none, not every one: it comes from a variable that nobody set."""
    rows = Delivery.objects.all()
    if program is not None:
        rows = rows.filter(program=program_of(program, returncode=UNKNOWN))
    given = {"state": state, "kind": kind}
    return rows.filter(**{name: value for name, value in given.items() if value})


def _line(one: Delivery) -> str:
    outlet = one.endpoint or one.connection
    tries = "1 attempt" if one.attempts == 1 else f"{one.attempts} attempts"
    return f"{one.pk} {one.event.type} to {outlet} ({one.get_kind_display()}): {one.state}, {tries}"
