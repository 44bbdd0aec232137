"""Which conditions ask the activity as a whole: how it came in, its money, and what its sender says of it?"""

from fractions import Fraction
from operator import attrgetter
from typing import ClassVar

from programs.rules.base import Basket, Facts, plain, quotient
from programs.rules.conditions.base import Attributes, Condition, Range, Texts, listing


class _OneOf(Texts, Condition):
    """One value of the basket, which is called `noun`, must be in the list.

    `of` is what reads it: no function of Python, because many rules ask it of each purchase.
    """

    noun: ClassVar[str] = ""
    says_before: ClassVar[str] = ""
    of: "ClassVar[attrgetter[str]]"

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return self.of(basket) in self.wanted

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"{self.noun} is {self.of(basket) or 'not given'}, needs {listing(sorted(self.wanted))}"

    def says(self) -> str:
        return f"{self.says_before} {self.named()}"


class Channels(_OneOf):
    """How the activity came in."""

    key, noun, hint = "channels", "channel", "channels, like web"
    says_before, known_to_night = "by", False
    of = attrgetter("channel")

    def example(self, basket: Basket) -> Basket:
        return basket._replace(channel=self.first)


class Stores(_OneOf):
    """In which store it happened."""

    key, noun, hint = "stores", "store", "store codes"
    says_before, known_to_night = "in the store", False
    of = attrgetter("store")

    def example(self, basket: Basket) -> Basket:
        return basket._replace(store=self.first)


class Partners(_OneOf):
    """With which partner it happened."""

    key, noun, hint = "partners", "partner", "partner codes"
    says_before = "at"
    of = attrgetter("partner")

    def example(self, basket: Basket) -> Basket:
        return basket._replace(partner=self.first)


class Codes(_OneOf):
    """Which promo code was typed."""

    key, noun, hint = "codes", "code", "promo codes"
    says_before, known_to_night = "with the code", False
    of = attrgetter("code")

    def example(self, basket: Basket) -> Basket:
        return basket._replace(code=self.first)


class Amount(Range, Condition):
    """How much money of the whole basket may earn, in units of the base currency."""

    key, hint, known_to_night = "amount", 'like {"least": "10.00", "most": "99.99"}', False

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return self.contains(quotient(basket.eligible, basket.major))

    def miss(self, basket: Basket, facts: Facts) -> str:
        found = plain(Fraction(basket.eligible, basket.major))
        return f"{found} of the amount may earn, needs {self.named('').strip()}"

    def says(self) -> str:
        return f"for {self.named('of money that may earn')}"

    def example(self, basket: Basket) -> Basket:
        amount = self.inside * basket.major
        lines = tuple(line._replace(eligible=Fraction(amount, len(basket.lines))) for line in basket.lines)
        return basket._replace(amount=int(amount), eligible=amount, lines=lines)


class EventAttributes(Attributes, Condition):
    """What the sender says of the activity in attributes of its own."""

    key, hint, known_to_night = "attributes", 'like {"cabin": ["business", "first"]}', False

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return self.fit(basket.attributes)

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"the attribute {self.missed(basket.attributes)}"

    def says(self) -> str:
        return f"with {self.named()}"

    def example(self, basket: Basket) -> Basket:
        return basket._replace(attributes=self.filled(basket.attributes))


CONDITIONS: tuple[type[Condition], ...] = (Channels, Stores, Partners, Codes, Amount, EventAttributes)
