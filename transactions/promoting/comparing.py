"""How much more do members spend who could have a promotion than those who were left out, and how sure is that? Pure.

Both groups were drawn by chance, so the difference of their means is what the promotion brought. All members of a
group count, those who bought nothing with 0: who did buy is an effect of the promotion itself.
"""

from dataclasses import dataclass
from math import inf, sqrt
from statistics import NormalDist
from typing import NamedTuple

#: Fewer members in a group, or fewer who bought in both together, tell nothing: the mean of what so few spend is not
#: near a normal distribution, on which the intervals stand.
LEAST_MEMBERS, LEAST_BUYERS = 30, 20

#: How sure an interval is, in percent.
SURE = 95

_Z = NormalDist().inv_cdf((100 + SURE) / 200)


@dataclass(frozen=True, slots=True)
class Arm:
    """One group: how many `members`, how many of them bought, the sum of what they spent in minor units, and the sum
    of the squares of what each spent."""

    members: int
    buyers: int
    spend: int
    squares: float

    @property
    def mean(self) -> float:
        """What a member spent, in minor units."""
        return self.spend / self.members if self.members else 0

    @property
    def share(self) -> float:
        """How many of a hundred members bought."""
        return 100 * self.buyers / self.members if self.members else 0

    @property
    def error(self) -> float:
        """The square of the standard error of the mean: the variance of the members divided by their number."""
        if self.members < 2:
            return 0
        around = self.squares - self.spend * (self.spend / self.members)
        return max(0, around) / (self.members - 1) / self.members


class Interval(NamedTuple):
    """Between these the true value lies, as sure as SURE says."""

    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether it leaves 0 out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The members who could `have` a promotion beside those who were left `out` of it."""

    have: Arm
    out: Arm

    @property
    def is_enough(self) -> bool:
        """Whether anything can be told of so few."""
        few = min(self.have.members, self.out.members)
        return few >= LEAST_MEMBERS and self.have.buyers + self.out.buyers >= LEAST_BUYERS

    @property
    def difference(self) -> float:
        """How much more a member spent who could have it, in minor units; below 0: less."""
        return self.have.mean - self.out.mean

    @property
    def interval(self) -> Interval:
        """That of the difference, by Welch's t: difference ± t · √(s₁²/n₁ + s₀²/n₀), whose groups may vary
        differently (B. L. Welch, Biometrika 34, 1947)."""
        wide = quantile(self.freedom) * sqrt(self.have.error + self.out.error)
        return Interval(self.difference - wide, self.difference + wide)

    @property
    def freedom(self) -> float:
        """Degrees of freedom after Welch and Satterthwaite: (e₁ + e₀)² / (e₁²/(n₁-1) + e₀²/(n₀-1)), e = s²/n."""
        parts = [arm.error**2 / (arm.members - 1) for arm in (self.have, self.out) if arm.members > 1]
        return (self.have.error + self.out.error) ** 2 / sum(parts) if sum(parts) else inf

    @property
    def lift(self) -> float | None:
        """By how many percent more a member spent; None where those who were left out spent nothing."""
        return 100 * self.difference / self.out.mean if self.out.mean > 0 else None

    @property
    def lift_interval(self) -> Interval | None:
        """That of the lift; None where what those spent who were left out is too uncertain to compare with.

        By Fieller's theorem (E. C. Fieller, J. R. Stat. Soc. B 16, 1954) of the ratio ρ of two independent means m₁
        and m₀ with squared errors e₁ and e₀: (ρ ± t/m₀ · √((1-g)·e₁ + ρ²·e₀)) / (1-g), where g = t²·e₀/m₀² has to be
        below 1. It leaves 0 out exactly where the interval of the difference does.
        """
        if self.out.mean <= 0:
            return None
        t, ratio = quantile(self.freedom), self.have.mean / self.out.mean
        rest = 1 - t * t * self.out.error / self.out.mean**2
        if rest <= 0:
            return None
        wide = t / self.out.mean * sqrt(rest * self.have.error + ratio**2 * self.out.error)
        return Interval(100 * ((ratio - wide) / rest - 1), 100 * ((ratio + wide) / rest - 1))

    @property
    def brought(self) -> float:
        """What the promotion brought altogether: the difference for all who could have it, in minor units."""
        return self.difference * self.have.members


def quantile(freedom: float) -> float:
    """Student's t for both sides together, by the series around the normal quantile (Abramowitz and Stegun, Handbook
    of Mathematical Functions, 26.7.5); with 29 degrees of freedom, the fewest here, it is right to five decimals."""
    z = _Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))
