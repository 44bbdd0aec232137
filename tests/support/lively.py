"""A shop in which points have a whole life: caps, groups, merges, requests, nights, transactions in each state."""

from axes.models import AccessAttempt
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from loyalty_site import staff
from members import promotions
from members.models import Relation, StaffSubscription
from members.outbox.kinds.notes import Notes
from partners.activity import Adjustment
from partners.models import Connection
from programs import promotion_codes, sku_lists
from programs.models import Cap, Message, MessageText, SkuList, StaffLimit
from tests.support import factories, hooks
from tests.support.promoting import promotion
from tests.support.segments import keep, segment
from tests.support.shop import Shop
from transactions.erasing.erasures import erase
from transactions.expiry import redating
from transactions.merging import merges
from transactions.models import Approval, DowngradeDecision, Journal, NightRun, Seal
from transactions.policies import previewing, requests
from transactions.reviews import approvals


class LivelyShop(Shop):
    """`clerk`, of the store staff, may post 100 points at once and has asked for 500 (`asked`)."""

    def __init__(self, suffix=""):
        super().__init__(suffix)
        staff.make_groups()
        self.segment = segment(self.program, "lately", {"not": {"last_purchase": {"at_least": 30}}})
        self.points = self.program.currencies.get(code="points")
        self.cap = Cap.objects.create(
            program=self.program, code="daily", name="Daily", currency=self.points, limit=100000
        )
        self.skus = SkuList.objects.create(program=self.program, code="summer", name="Summer")
        sku_lists.put(self.skus, ["SKI-1"])
        self.promotion = promotion(self.program, opt_in=True, uses_per_code=1)
        promotion_codes.take(self.promotion, ["SPRING-1"])
        store = Group.objects.get(name=staff.STORE)
        self.limit = StaffLimit.objects.create(
            program=self.program, group=store, currency=self.points, per_posting=100, per_day=150
        )
        self._change(transfers=True)
        self.bob = factories.member(self.program, last_name="Babbage", email="bob@example.com")
        promotions.enrol(self.bob, self.promotion, now=timezone.now())
        self.firm = factories.member(
            self.program, kind="company", first_name="", last_name="", company_name="Engines Ltd"
        )
        self.relation = Relation.objects.create(member=self.bob, group=self.firm, percent=10, may_redeem=True)
        self._post(factories.purchase(self.bob, 30000, "order-3"))
        self.asked = self.ask(500)
        old, new = (factories.member(self.program, last_name=name) for name in ("Hopper", "Murray"))
        self._post(factories.purchase(old, 5000, "order-4"))
        self.merge = merges.merge(old, new, reason="Married")
        self._nights()
        gone = factories.member(self.program, last_name="Somerville")
        self.erasure = erase(gone.customer, reason="Request 17", user=self.clerk)
        keep(self.program, "lately")
        self._messages()
        self._notify()
        self._told()
        AccessAttempt.objects.create(username=f"guessed{suffix}", ip_address="203.0.113.7", failures_since_start=5)

    def _change(self, **fields):
        self.program.currencies.filter(code="points").update(**fields)
        self.program.touch(self.program.pk)
        self.program.refresh_from_db()

    def _messages(self):
        mail = Connection.objects.create(partner=self.program.owner, name="Mail", platform="email")
        self.message = Message.objects.create(
            program=self.program, name="Thanks", event="points.earned", connection=mail, purpose="service"
        )
        MessageText.objects.create(message=self.message, language="en", subject="Thanks", text="{{ points.points }}")

    def _nights(self):
        NightRun.objects.create(
            program=self.program, day="2026-03-04", step="expire", counts={"lots": 3}, finished_at=timezone.now()
        )
        ladder = self.program.tier_groups.get()
        asked = requests.request(ladder, previewing.preview(ladder, "full"), reason="Gold is rare", user=self.clerk)
        requests.reject(asked.pk, self.clerk, note="Not before Christmas")
        expiry = self.points.expiry_rule
        expiry.period = 24
        expiry.save()
        redating.apply(self.points, reason="Two years now")
        DowngradeDecision.objects.create(
            group=self.program.tier_groups.first(),
            day="2026-03-04",
            decided_by=self.clerk,
            finished_at=timezone.now(),
            counts={"lowered": 3},
        )
        Seal.objects.create(
            program=self.program, day="2026-03-04", first_entry=1, last_entry=9, entries=9, root="ab" * 32
        )

    def _notify(self):
        """Whoever sees everything is told of what waits, and hears of it in their list."""
        Notes().spread(list(self.program.events.select_related("program", "member", "partner")))
        for user in get_user_model().objects.filter(is_superuser=True):
            StaffSubscription.objects.get_or_create(user=user, event="night.finished", connection=None)

    def _told(self):
        """`endpoint` was told of a purchase of Bob's, at the second try."""
        self.endpoint = hooks.endpoint(self.program.owner, name="CRM")
        self.told = hooks.delivery(hooks.event(self.program, self.bob), to=self.endpoint, attempts=2)
        hooks.attempt(self.told, 1, result="try-again", status=503, reason="HTTP 503")
        hooks.attempt(self.told, 2)

    @property
    def clerk(self):
        known = get_user_model().objects.filter(username="clerk").first()
        if known:
            return known
        clerk = get_user_model().objects.create_user("clerk", "clerk@example.com", "correct horse", is_staff=True)
        clerk.groups.add(Group.objects.get(name=staff.STORE))
        return clerk

    def ask(self, points, name="ask-1"):
        item = Adjustment(name, {"number": self.bob.number}, points, "Sorry for the wait", currency="points")
        outcome = approvals.adjust(self.program, item, user=self.clerk, via=self.till)
        return Approval.objects.get(pk=outcome.approval.pk)

    def held(self):
        return self._post(factories.purchase(self.ada, 2000, "order-held", hold="Looks odd"))

    def reserved(self):
        return self._post(factories.redemption(self.ada, 30, "cart-1", reserve_s=600))

    def pending(self):
        """A purchase whose points are pending for fourteen days."""
        self._change(pending_days=14)
        return self._post(factories.purchase(self.ada, 7000, "order-pending"))

    def waiting(self):
        """A refund that is ahead of its order, which then comes unseen."""
        result = factories.post_one(self.program, factories.reversal(0, "ahead-1", order="order-late"), via=self.till)
        return Journal.objects.get(pk=result.journal_id)
