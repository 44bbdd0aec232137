"""Which members may somebody mean by what they typed? For people, who see the answers and choose.

Machines name a member exactly and use lookup.py. Each way is answered by an index, so that a search in
millions of members stays quick; a text inside a name is not found, its start is.
"""

from django.db.models import Q, QuerySet

from loyalty_site.lib.prefix import starts
from members.models import Card, Customer, Member
from members.models.customers import email_key, name_key
from programs.models import Program

#: Shorter starts of numbers and addresses would match a great part of all members.
_SHORTEST = 3


def matching(members: QuerySet[Member], text: str) -> QuerySet[Member]:
    """Those of the queryset `members` that `text` may mean: number, card, e-mail, phone or names."""
    text = text.strip().replace("\0", "")
    if not text:
        return members
    digits = "".join(text.split())
    # Each part of the union is answered by an index; those of numbers begin with the program.
    programs = Program.objects.values("pk")
    number = Q(number=digits)
    if len(digits) >= _SHORTEST and digits.isascii() and digits.isdigit():
        number |= starts("number", digits)
    everybody = Member.objects.order_by().values("pk")
    cards = Card.objects.order_by().values("member_id").filter(number=digits, program__in=programs)
    people = everybody.filter(customer__in=customers(Customer.objects.order_by(), text).values("pk"))
    found = everybody.filter(number, program__in=programs).union(cards, people, all=True)
    return members.filter(pk__in=found)


def customers(everybody: QuerySet[Customer], text: str) -> QuerySet[Customer]:
    """Those of the queryset `everybody` that `text` may mean: e-mail, phone or names, or the start of one."""
    text = text.strip().replace("\0", "")
    digits = "".join(text.split())
    hit = Q(email_key=email_key(text)) & ~Q(email_key="")
    if "@" in text and len(text) >= _SHORTEST:
        hit |= starts("email_key", email_key(text))
    if digits.startswith("+") and len(digits) > _SHORTEST:
        hit |= starts("phone", digits)
    for key in _names(text):
        hit |= starts("last_name_key", key)
    return everybody.filter(hit)


def _names(text: str) -> set[str]:
    """The name keys that a typed name may have: the last name may stand first or last."""
    words = text.replace(",", " ").split()
    if not words:
        return set()
    return {name_key(text.replace(",", " ")), name_key(*words[-1:], *words[:-1])}
