"""What the tests of promotions share: a promotion with a rule, and what was given under it."""

from datetime import timedelta

from django.db.models import Sum
from django.utils import timezone

from programs import promotions
from programs.models import Promotion, PromotionCode
from tests.support import factories
from tests.support.factories import post_one, purchase
from transactions.models import PromotionUse
from transactions.promoting.comparing import Arm


def promotion(made, code="spring", points="50", kind="fixed", rule=None, **fields):
    """A promotion that gives something for a purchase by a rule of the same code."""
    row = Promotion(**{"program": made, "code": code, "name": code.title()} | fields)
    row.full_clean()
    row.save()
    params = {"points": points, "events": "purchase"} if kind == "fixed" else {"factor": points}
    own = {"group": code, "promotion": row} | (rule or {})
    factories.rule(made, code, kind, params, **own)
    made.refresh_from_db()
    return row


def given(code="spring"):
    """The points that a promotion gave, less what was taken back."""
    return PromotionUse.objects.filter(promotion__code=code).aggregate(sum=Sum("points"))["sum"] or 0


def uses(code):
    """How often each code of a promotion was used."""
    return dict(PromotionCode.objects.filter(promotion__code=code).values_list("code", "used"))


def buy(made, who, amount=10000, **fields):
    """A purchase an hour ago, which earns a point for each unit of money."""
    at = timezone.now() - timedelta(hours=1)
    return post_one(made, purchase(who, amount, **({"activity_at": at} | fields)))


def earned(result):
    return result.answer["points"].get("points", 0)


def day(days):
    """So many days from today."""
    return timezone.localdate() + timedelta(days=days)


def arm(spent):
    """A group whose members spent these amounts each."""
    return Arm(len(spent), sum(one > 0 for one in spent), sum(spent), float(sum(one * one for one in spent)))


def left_out_and_not(club, code):
    """Two members: one who is left out of a promotion with a holdout of a half, and one who is not."""
    found = {}
    while len(found) < 2:
        who = factories.member(club)
        found[promotions.place(promotions.seeds("club", code), who.pk) < 50] = who
    return found[True], found[False]
