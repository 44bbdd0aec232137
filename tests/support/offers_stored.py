"""Which promotions and which target has the program of the random lives, and what is stored of them?"""

from django.db.models import Sum

from members.models import Progress, PromotionEnrolment
from programs.models import PromotionCode
from tests.support import factories
from tests.support.capped import cap
from tests.support.offers_model import BUDGET, CODES, EVERY, GIFT, LEAST, REWARD
from tests.support.promoting import promotion
from transactions.models import CapCounter, PromotionUse


def offer(made):
    """{code: Promotion}: `club`, in which members enrol, `gift`, with codes and a budget; beside the rule `third`."""
    club = promotion(made, "club", opt_in=True)
    extra = made.rules.get(code="club")
    extra.kind, extra.params = "per_amount", {"points": "1", "per": "1"}
    extra.save()
    conditions = {"amount": {"least": f"{LEAST / 100:.2f}"}}
    gift = promotion(made, "gift", str(GIFT), uses_per_code=1, rule={"conditions": conditions})
    cap(made, "budget", BUDGET, scope="program", period="ever", promotion=gift)
    PromotionCode.objects.bulk_create(PromotionCode(promotion=gift, code=code) for code in CODES)
    params = {"counts": "purchases", "every": str(EVERY), "points": str(REWARD)}
    factories.rule(made, "third", "target", params, group="third")
    made.refresh_from_db()
    return {"club": club, "gift": gift}


def stored_offers(made):
    """What promotions gave, what of the budget is used, how often each code was, who takes part, and the progress."""
    uses = PromotionUse.objects.filter(promotion__program=made).order_by().values_list("promotion__code")
    given = dict(uses.annotate(sum=Sum("points")))
    codes = PromotionCode.objects.filter(promotion__program=made)
    enrolled = PromotionEnrolment.objects.filter(promotion__program=made, left_at=None)
    progress = Progress.objects.filter(member__program=made, rule="third", counted__gt=0)
    return {
        "given": {code: points for code, points in given.items() if points},
        "budget": CapCounter.objects.filter(cap__program=made).aggregate(sum=Sum("used"))["sum"] or 0,
        "codes": dict(codes.values_list("code", "used")),
        "enrolled": set(enrolled.values_list("member__number", flat=True)),
        "progress": {
            number: reached
            for number, *reached in progress.values_list("member__number", "counted", "rewarded", "used")
        },
    }


def expected_offers(model):
    """The same, as the model has it."""
    offers = model.offers
    given = {code: offers.given(code) for code in ("club", "gift")}
    progress = {number: list(offers.progress(member)) for number, member in model.members.items()}
    return {
        "given": {code: points for code, points in given.items() if points},
        "budget": given["gift"],
        "codes": offers.used(),
        "enrolled": offers.enrolled,
        "progress": {number: reached for number, reached in progress.items() if reached[0]},
    }
