"""How active is a member, as one number from 0 to 100? Recency, frequency and spend, each with a weight. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

#: The best that a member can have, in each part and in all.
FULL = 100


@dataclass(frozen=True, slots=True)
class Terms:
    """What a program says of the score: `days` back and today count, the three weights, and what has full marks, so
    many `purchases` and so much `money` in minor units. Without any weight there is no score."""

    days: int
    recency: int
    frequency: int
    spend: int
    purchases: int
    money: int

    @property
    def weight(self) -> int:
        """All weights together."""
        return self.recency + self.frequency + self.spend

    @property
    def is_on(self) -> bool:
        return self.weight > 0


#: What a program says that says nothing of it; also that of versions of before there was a score.
USUAL = Terms(days=365, recency=1, frequency=1, spend=1, purchases=12, money=100_000)


class Score(NamedTuple):
    """The score and its three parts, each a whole number from 0 to 100."""

    score: int
    recency: int
    frequency: int
    spend: int


#: Of who has done nothing in the window.
NOTHING = Score(0, 0, 0, 0)


def score(terms: Terms, *, days_ago: int, purchases: int, money: int) -> Score:
    """The Score of a member who bought last `days_ago` days ago, and in the window so often for so much money.

    Each part is rounded down, and so is their weighted mean: whoever looks at the parts can count it again.
    """
    if not terms.is_on or not purchases or days_ago > terms.days:
        return NOTHING
    recency = FULL * (terms.days - max(days_ago, 0)) // terms.days
    frequency = FULL * min(purchases, terms.purchases) // terms.purchases
    spend = FULL * min(max(money, 0), terms.money) // terms.money
    mean = (terms.recency * recency + terms.frequency * frequency + terms.spend * spend) // terms.weight
    return Score(mean, recency, frequency, spend)
