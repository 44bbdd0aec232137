"""How is much sent again at once, without one long transaction, and with who did it on record?"""

from datetime import datetime

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from loyalty_site.lib.admin import ModelAdmin, StaffRequest
from loyalty_site.lib.panels import Panel, Sentences, Table
from members.models import Delivery
from members.outbox.replaying import replay

PERMISSION = "members.change_delivery"
#: What did not arrive, as far as is known.
FAILED = (Delivery.State.DEAD, Delivery.State.UNKNOWN, Delivery.State.SKIPPED)
#: So many are sent again in one transaction, and by one request.
_BATCH, MOST = 1000, 20_000
#: Written out: to SQLite a parameter may be anything, and not what the index of these few is about.
DEAD = f"members_delivery.state = '{Delivery.State.DEAD.value}'"
#: Counted up to here.
_COUNTED = 100_000


def send_again(rows: QuerySet[Delivery], *, now: datetime | None = None) -> tuple[int, bool]:
    """(how many of `rows` are sent again, whether that was all): up to MOST, in the order of their keys."""
    now, count, looked, last = now or timezone.now(), 0, 0, 0
    while looked < MOST:
        keys = list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_BATCH])
        if not keys:
            return count, True
        count += replay(Delivery.objects.filter(pk__in=keys), now=now)
        looked, last = looked + len(keys), keys[-1]
    return count, not rows.filter(pk__gt=last).exists()


def given_up() -> str:
    """How many were given up, as a sentence; "" where none was."""
    count = _dead()[:_COUNTED].count()
    if not count:
        return ""
    return f"{'At least ' if count == _COUNTED else ''}{count:,} {'was' if count == 1 else 'were'} given up."


def _dead() -> QuerySet[Delivery]:
    return Delivery.objects.extra(where=[DEAD]).order_by()


def page(admin: ModelAdmin, request: StaffRequest) -> HttpResponse:
    """Shows how many were given up, through which ways, and sends all of them again for who agrees."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    back = reverse("admin:members_delivery_changelist")
    if request.method == "POST":
        count, is_all = send_again(_dead())
        log(request.user, f"{count:,} that were given up were sent again.")
        rest = "" if is_all else " There are more: open this page again for the rest."
        admin.message_user(request, f"{count:,} are on their way again.{rest}", messages.SUCCESS)
        return HttpResponseRedirect(back)
    said = given_up()
    panels: list[Panel] = [Sentences("What happens", [said or "Nothing was given up.", *(_WORDS if said else ())])]
    if said:
        panels.append(_ways())
    return admin.draw(
        request,
        "admin/members/replay.html",
        title="Send again what was given up",
        panels=panels,
        form=None,
        buttons=[{"name": "agreed", "label": "Send all of them again", "variant": "primary"}] if said else [],
        back=back,
    )


_WORDS = (
    "Each goes out under the same key as before: receivers of webhooks know that it is the same event.",
    "Messages to members are composed anew: who has withdrawn consent meanwhile gets none.",
    f"Up to {MOST:,} are sent again at once; of more, open this page again.",
)


def _ways() -> Table:
    rows = _dead().values("connection__partner__name", "connection__name").annotate(number=Count("pk"))
    found = sorted(rows[:200], key=lambda row: -row["number"])
    return Table(
        "Through which they go",
        ["Connection", "Number"],
        [[f"{row['connection__partner__name']} / {row['connection__name']}", f"{row['number']:,}"] for row in found],
    )


def log(user: User, said: str) -> None:
    """One line for all of them in the log of the admin, which names no row."""
    LogEntry.objects.create(user=user, action_flag=CHANGE, object_repr="Deliveries", change_message=said)
