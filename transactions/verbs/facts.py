"""What do the rules see of a member, as it was before the activity? Tiers, person, progress, what was done before."""

from collections.abc import Mapping, Sequence

from members import persons, tiers
from partners.activity import Activity
from programs import versions
from programs.configuration import STOPPED, Configuration
from programs.promotions import OWN_CODES
from programs.rules.base import Basket, Facts
from transactions.books import earlier
from transactions.books.earlier import Wanted
from transactions.books.posting import CLOCK_SKEW, Posting
from transactions.verbs import progress, promotions

_OF_THE_ORDER = (OWN_CODES, STOPPED)


def before(posting: Posting[Activity], configuration: Configuration, basket: Basket) -> Facts:
    """The Facts of the member of an activity, for the rules of `configuration`, which were in force then.

    Those of an order that replaces another one are the ones from before that one.
    """
    account = posting.account
    asked = configuration.asks
    seen: Mapping[str, Sequence[str]] = persons.seen(account.person, asked, f"{basket.local:%m}") if asked else {}
    offers = promotions.seen(posting, configuration) if asked or posting.configuration.stopped else {}
    counted = progress.before(posting, configuration) if configuration.counting else {}
    if posting.item.replaces:
        # What was typed and what is stopped are those of the new order.
        stored = {name: said for name, said in posting.about.seen.items() if name not in _OF_THE_ORDER}
        own = {name: said for name, said in offers.items() if name in _OF_THE_ORDER}
        of_member = {name: said for name, said in {**seen, **offers}.items() if name not in _OF_THE_ORDER}
        of_then = _as_then(posting, stored, of_member)
        seen = {**of_then, **own, **_done(posting, configuration), **earlier.kept(stored)}
        return Facts(posting.about.tiers, account.enrolled_at, seen, progress=counted)
    if posting.books.earlier:
        seen = {**seen, **_done(posting, configuration)}
    held = tiers.codes(configuration, account, at=posting.activity_at)
    return Facts(held, account.enrolled_at, {**seen, **offers} if offers else seen, progress=counted)


def _as_then(
    posting: Posting[Activity], stored: Mapping[str, Sequence[str]], present: Mapping[str, Sequence[str]]
) -> Mapping[str, Sequence[str]]:
    """What was `stored` with the order that is replaced, and of what is seen at `present` that of which the rules of
    then did not ask: who was not enrolled when the order was made is not by a revision of it."""
    if not present:
        return stored
    version = posting.about.trace.get("version", posting.about.program_version)
    asked = versions.at(posting.configuration.id, version).asks
    seen = dict(stored)
    for name, values in present.items():
        if new := [one for one in values if one not in asked.get(name, ())]:
            seen[name] = sorted({*stored.get(name, ()), *new})
    return seen


def _done(posting: Posting[Activity], configuration: Configuration) -> dict[str, list[str]]:
    """What rules about it ask of what was done before; an order that is replaced is none of that."""
    known, item = posting.books.earlier, posting.item
    asks = configuration.listening(item.kind).asks
    if known is None or earlier.ASKED_AS.isdisjoint(asks):
        return {}
    at, most = posting.activity_at, earlier.most_asked(asks)
    wanted = Wanted(posting.account.id, item.kind, at, at + CLOCK_SKEW, most)
    replaced = posting.about.id if item.replaces else None
    return known.seen(wanted, configuration, asks, without=replaced)
