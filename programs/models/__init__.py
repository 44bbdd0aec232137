from programs.models.benefits import Benefit
from programs.models.caps import Cap, StaffLimit
from programs.models.currencies import Currency
from programs.models.expiryrules import ExpiryRule
from programs.models.messages import Message, MessagePolicy, MessageText
from programs.models.programs import Participation, Program
from programs.models.programversions import ProgramVersion
from programs.models.promotions import Promotion, PromotionCode
from programs.models.rates import ExchangeRate
from programs.models.rules import Rule
from programs.models.segments import Segment
from programs.models.skulists import SkuList, SkuListEntry
from programs.models.tiergroups import TierGroup
from programs.models.tiers import Tier

__all__ = [
    "Benefit",
    "Cap",
    "Currency",
    "ExchangeRate",
    "ExpiryRule",
    "Message",
    "MessagePolicy",
    "MessageText",
    "Participation",
    "Program",
    "ProgramVersion",
    "Promotion",
    "PromotionCode",
    "Rule",
    "Segment",
    "SkuList",
    "SkuListEntry",
    "StaffLimit",
    "Tier",
    "TierGroup",
]
