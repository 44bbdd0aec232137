from members.models.balances import Balance, Tally
from members.models.consents import Consent, Tag
from members.models.customers import Customer, ExternalId
from members.models.members import Card, Member
from members.models.relations import Merge, Relation
from members.models.standings import MemberBenefit, Standing

__all__ = [
    "Balance",
    "Card",
    "Consent",
    "Customer",
    "ExternalId",
    "Member",
    "MemberBenefit",
    "Merge",
    "Relation",
    "Standing",
    "Tag",
    "Tally",
]
