"""Which conditions ask the member, as it was before the activity?"""

from collections.abc import Sequence
from typing import ClassVar

from loyalty_site.lib.json_types import ExactJson
from programs.rules.base import SEGMENTS, Basket, Facts
from programs.rules.conditions.base import Condition, Texts, listing


class Tiers(Texts, Condition):
    """The member holds one of the tiers, in whatever group."""

    key, hint = "tiers", "tier codes"

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return not self.wanted.isdisjoint(facts.tiers.values())

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"tier is {listing(sorted(set(facts.tiers.values())))}, needs {listing(sorted(self.wanted))}"

    def says(self) -> str:
        return f"for members of the tier {self.named()}"

    def of_whom(self, members: str) -> str:
        return f"{self.named()} {members}"


class BirthdayMonth(Condition):
    """It happens in the month of the member's birthday."""

    key, hint, needs = "birthday_month", "true", "birthday"

    def __init__(self, value: ExactJson) -> None:
        if value is not True:
            raise ValueError("must be true; leave the condition out where the birthday does not matter")

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return bool(facts.seen.get(self.needs))

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"the birthday of the member is not known, or not in {basket.local:%B}"

    def says(self) -> str:
        return "in the month of the birthday"

    def asks(self) -> frozenset[str]:
        return frozenset({"month"})

    def example_seen(self) -> Sequence[str]:
        return ("month",)


class _Seen(Texts, Condition):
    """Something of the person, called `noun`, is one of the values."""

    noun: ClassVar[str] = ""

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return not self.wanted.isdisjoint(facts.seen.get(self.needs, ()))

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"the member has no such {self.noun}, needs {listing(sorted(self.wanted))}"

    def asks(self) -> frozenset[str]:
        return self.wanted

    def example_seen(self) -> Sequence[str]:
        return (self.first,)


class Tags(_Seen):
    """The customer has one of the tags."""

    key, hint, needs, noun = "tags", "tags of customers, like vip", "tags", "tag"

    def says(self) -> str:
        return f"for {self.of_whom('members')}"

    def of_whom(self, members: str) -> str:
        return f"{members} with the tag {self.named()}"


class Languages(_Seen):
    """The customer speaks one of the languages; `de` is also who speaks `de-AT`."""

    key, hint, needs, noun = "language", "languages, like de or pt-BR", "language", "language"

    def says(self) -> str:
        return f"for {self.of_whom('members')}"

    def of_whom(self, members: str) -> str:
        return f"{members} whose language is {self.named()}"


class Segments(_Seen):
    """The member is in one of the segments, as it was looked up last."""

    key, hint, needs, noun = "segments", "codes of segments", SEGMENTS, "segment"

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"the member is in none of these segments: {listing(sorted(self.wanted))}"

    def says(self) -> str:
        return f"for members of the segment {self.named()}"


CONDITIONS: tuple[type[Condition], ...] = (Tiers, BirthdayMonth, Tags, Languages, Segments)
