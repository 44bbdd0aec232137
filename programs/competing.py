"""Which of the rules that would give something do? Groups, exclusive rules, rules that stop others (C5-R1, C7).

Pure. Rules stand against rules of their own phase and currency; only in a group that lets one of all count does a
multiplier stand against a rule that gives points, by what it would add alone.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import chain
from operator import attrgetter
from typing import Final, NamedTuple, TypeAlias, TypeVar

from programs import awarding
from programs.awarding import Bid, Factor
from programs.compiled_rules import Rule
from programs.rules.base import BasketLine, Exact, plain
from programs.traces import BeatenTrace

STACKABLE: Final = "stackable"
EXCLUSIVE: Final = "exclusive"
STOPS: Final = "stops"

HIGHEST: Final = "highest"
LOWEST: Final = "lowest"
NEWEST: Final = "newest"
ALL: Final = "all"

#: Why a rule does not count that waits for others, where it would have kept out one of them (waiting.py).
AWAITED: Final = "awaited"

#: Choices by which one of all rules of a group counts, multipliers among them.
_ONE_OF_ALL: Final = frozenset([HIGHEST, LOWEST, NEWEST])

#: Asked of each purchase, and therefore without a call of Python.
_ALL_STACK: Final = frozenset([STACKABLE])
_stacking, _choice = attrgetter("rule.stacking"), attrgetter("rule.choice")

#: Currency and group.
_Place: TypeAlias = tuple[str, str]
_Lines: TypeAlias = Callable[[Rule], Sequence[BasketLine]]
_Asked = TypeVar("_Asked", Bid, Factor)


class _Offer(NamedTuple):
    """What a rule would give, or a multiplier would add."""

    rule: Rule
    worth: Exact


class Standing(NamedTuple):
    """The bids and the multipliers, by currency, that count; and who would have given something but does not."""

    bids: list[Bid]
    factors: dict[str, list[Factor]]
    beaten: list[BeatenTrace]


def standing(bids: Sequence[Bid], factors: Sequence[Factor], lines_of: _Lines) -> Standing:
    """What counts of all that rules would give; both in the order in which the rules are asked."""
    beaten: list[BeatenTrace] = []
    if not _ALL_STACK.issuperset(map(_stacking, bids)):
        bids = _let_through(bids, beaten, lambda bid: bid.total)
    if not _ALL_STACK.issuperset(map(_stacking, factors)):
        factors = _let_through(factors, beaten, lambda by: _alone(by, bids, lines_of))
    groups: dict[_Place, list[Bid]] = {}
    for bid in bids:
        group = groups.setdefault((bid.rule.currency, bid.rule.group), [])
        if group and bid.rule.choice != ALL:
            _compete(group, bid, beaten)
        else:
            group.append(bid)
    if not _ONE_OF_ALL.isdisjoint(map(_choice, factors)):
        factors = _one_of_all(groups, factors, beaten, lines_of)
    by_currency: dict[str, list[Factor]] = {}
    for by in factors:
        by_currency.setdefault(by.rule.currency, []).append(by)
    return Standing(list(chain.from_iterable(groups.values())), by_currency, beaten)


def _let_through(
    asked: Sequence[_Asked], beaten: list[BeatenTrace], worth: Callable[[_Asked], Exact]
) -> Sequence[_Asked]:
    """Those that no exclusive rule of their currency excludes and no rule ahead of them stops."""
    barriers: dict[str, Rule] = {}
    for one in sorted(asked, key=lambda one: (one.rule.stacking != EXCLUSIVE, one.rule.priority, one.rule.code)):
        if one.rule.stacking != STACKABLE and worth(one):
            barriers.setdefault(one.rule.currency, one.rule)
    left = []
    for one in asked:
        barrier = barriers.get(one.rule.currency)
        if barrier is None or _passes(one.rule, barrier):
            left.append(one)
        else:
            beaten.append(_beaten(_Offer(one.rule, worth(one)), barrier, barrier.stacking))
    return left


def _passes(rule: Rule, barrier: Rule) -> bool:
    """Whether the rule counts beside one that is exclusive, or ahead of one that stops those behind it."""
    return rule is barrier or (barrier.stacking == STOPS and rule.priority <= barrier.priority)


def _compete(group: list[Bid], bid: Bid, beaten: list[BeatenTrace]) -> None:
    """Let the bid or the one that leads its group count, of equal ones the earlier asked."""
    leader = group[0]
    winner, loser = (bid, leader) if _goes_before(_Offer(bid.rule, bid.total), _of(leader)) else (leader, bid)
    group[0] = winner
    beaten.append(_beaten(_of(loser), winner.rule, bid.rule.choice))


def _of(bid: Bid) -> _Offer:
    return _Offer(bid.rule, bid.total)


def fallen(bid: Bid, awaited: Rule) -> BeatenTrace:
    """The bid of a rule that gives way to one that it waits for."""
    return _beaten(_of(bid), awaited, AWAITED)


def _goes_before(new: _Offer, old: _Offer) -> bool:
    """Whether the later asked of two wins by the choice of their group."""
    if new.rule.choice == NEWEST:
        return (new.rule.starts_on or date.min) > (old.rule.starts_on or date.min)
    # As integers, because comparing Fractions takes five times as long.
    ours = new.worth.numerator * old.worth.denominator
    theirs = old.worth.numerator * new.worth.denominator
    return ours < theirs if new.rule.choice == LOWEST else ours > theirs


def _one_of_all(
    groups: dict[_Place, list[Bid]], factors: Sequence[Factor], beaten: list[BeatenTrace], lines_of: _Lines
) -> Sequence[Factor]:
    """Let one rule of each group count whose choice says so, also of its multipliers; returns those that are left."""
    places = dict.fromkeys((by.rule.currency, by.rule.group) for by in factors if by.rule.choice in _ONE_OF_ALL)
    left = list(factors)
    for place in places:
        others = [bid for other, group in groups.items() if other != place for bid in group]
        rivals = [by for by in left if (by.rule.currency, by.rule.group) == place]
        offers = [_Offer(by.rule, _alone(by, others, lines_of)) for by in rivals]
        offers += [_of(bid) for bid in groups.get(place, ())]
        winner = _winner(offers)
        beaten += [_beaten(offer, winner, winner.choice) for offer in offers if offer.rule is not winner]
        left = [by for by in left if by not in rivals or by.rule is winner]
        groups[place] = [bid for bid in groups.get(place, ()) if bid.rule is winner]
    return left


def _winner(offers: Iterable[_Offer]) -> Rule:
    """Whose offer counts; of equal ones that of the lower priority number, then of the first code."""
    best, *rest = sorted(offers, key=lambda offer: (offer.rule.priority, offer.rule.code))
    for offer in rest:
        if _goes_before(offer, best):
            best = offer
    return best.rule


def _alone(by: Factor, bids: Iterable[Bid], lines_of: _Lines) -> Exact:
    """What the multiplier would add to the bids if it were the only one."""
    return sum(awarding.surplus(bid, by, lines_of) for bid in bids if bid.rule.currency == by.rule.currency)


def _beaten(loser: _Offer, winner: Rule, why: str) -> BeatenTrace:
    rule = loser.rule
    row: BeatenTrace = {
        "rule": rule.code,
        "name": rule.name,
        "version": rule.version,
        "exact": plain(loser.worth),
        "by": winner.code,
    }
    if why:
        row["why"] = why
    if rule.promotion:
        row["promotion"] = rule.promotion
    return row
