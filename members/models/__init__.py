from members.models.balances import Balance, Tally
from members.models.consents import Consent, Tag
from members.models.customers import Customer, ExternalId
from members.models.deliveries import Attempt, Delivery
from members.models.erasures import Erasure
from members.models.events import Event
from members.models.members import Card, Member
from members.models.notices import StaffNotice, StaffSubscription
from members.models.progress import Progress
from members.models.promotions import PromotionEnrolment
from members.models.relations import Merge, Relation
from members.models.scores import ActivityScore
from members.models.segments import SegmentMembership
from members.models.standings import MemberBenefit, Standing

__all__ = [
    "ActivityScore",
    "Attempt",
    "Balance",
    "Card",
    "Consent",
    "Customer",
    "Delivery",
    "Erasure",
    "Event",
    "ExternalId",
    "Member",
    "MemberBenefit",
    "Merge",
    "Progress",
    "PromotionEnrolment",
    "Relation",
    "SegmentMembership",
    "StaffNotice",
    "StaffSubscription",
    "Standing",
    "Tag",
    "Tally",
]
