"""What do the items of a batch name: members, stores, journals, rates? Looked up before anything is locked."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.sql import Session
from members.lookup import Lookup
from partners.activity import Identifiers
from partners.callers import Via
from partners.catalogue import Catalogue
from programs import sku_lists, versions
from programs.configuration import Configuration
from programs.promotions import OWN_CODES
from transactions import verbs
from transactions.books import idempotency, limits, promoted
from transactions.books.idempotency import Name, fingerprint
from transactions.books.items import Item, Result
from transactions.books.posting import Rates
from transactions.books.references import Reference, References
from transactions.verbs.base import Needs
from transactions.verbs.baskets import read_rates

#: The place of an item in its batch.
Position: TypeAlias = int


class Parties(NamedTuple):
    """Keys of the member whose points move (None: of an order that is not here yet), and of the other one."""

    owner: int | None
    second: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What the look-ups found, by the places of the items: `parties` of those that can be posted, `results` of the
    others, `references` to the journals that they are about, `names` under which they are written down, `names_too`
    under which further journals are that an item writes.

    `lists_of` are the codes of the lists that have SKUs of the batch, where rules ask for lists, and `codes` those
    of promotions' own lists that were typed, where promotions have some.
    `shared` are the groups of the members, those who share in what is taken back, and those who paid for it;
    `collective` the members who are groups themselves.
    """

    needs: dict[Position, Needs]
    names: dict[Position, Name]
    names_too: dict[Position, list[Name]]
    fingerprints: dict[Position, str]
    parties: dict[Position, Parties]
    results: dict[Position, Result]
    references: dict[Position, Reference]
    shared: frozenset[int]
    collective: frozenset[int]
    catalogue: Catalogue
    lists_of: Mapping[str, list[str]]
    codes: Mapping[str, list[promoted.Typed]]
    rates: Rates

    @property
    def everybody(self) -> set[int]:
        """The members to lock."""
        return {member for parties in self.parties.values() for member in parties if member} | self.shared


def find(session: Session, configuration: Configuration, via: Via, items: Sequence[Item], *, now: datetime) -> Found:
    """Check the items by themselves, and look up in one round trip what they name."""
    problems = {n: first_problem(item) for n, item in enumerate(items)}
    needs = {n: verbs.of(items[n]).needs(items[n]) for n, problem in problems.items() if not problem}
    rates = read_rates([(one.money, items[n].activity_at or now) for n, one in needs.items()], configuration)
    with session.together():
        people = _people(needs.values())
        lookup = Lookup(session, configuration.id, via.pk, people, country=configuration.country)
        catalogue = _catalogue(session, via, needs.values())
        times = [(items[n].activity_at or now, one) for n, one in needs.items()]
        lists, typed = _sku_lists(session, configuration, times), _codes(session, configuration, times)
        journals = _refer(session, configuration, via, [one for one in needs.values() if one.named.is_any])
        # While the server looks.
        fingerprints = {n: fingerprint(items[n]) for n in needs}
    members, references = iter(lookup.take()), _references(needs, journals)
    whose = {n: _parties(one, members, references.get(n)) for n, one in needs.items()}
    parties = {n: who for n, who in whose.items() if isinstance(who, Parties)}
    refused = {n: refusal for n, refusal in problems.items() if refusal}
    refused |= {n: who for n, who in whose.items() if isinstance(who, Refusal)}
    results = {n: Result("refused", refusal=refusal) for n, refusal in refused.items()}
    names = {n: (kind, one.external_id) for n, one in needs.items() if (kind := verbs.kind_of(items[n]))}
    unfound = {n: name for n, name in names.items() if n in results}
    return Found(
        needs=needs,
        names=names,
        names_too={n: [(kind.value, one.external_id) for kind in one.writes_too] for n, one in needs.items()},
        fingerprints=fingerprints,
        parties=parties,
        results=results | _replay(session, configuration, via, {n: (items[n], unfound[n]) for n in unfound}),
        references=references,
        shared=_shared(parties, lookup.groups, references, journals),
        collective=frozenset(lookup.collective),
        catalogue=catalogue.take(),
        lists_of=lists.take() if lists else {},
        codes=typed.take() if typed else {},
        rates=rates,
    )


def first_problem(item: Item) -> Refusal | None:
    """The first Refusal that `item` deserves whatever the state of the world, or None."""
    return next(limits.problems(item), None) or next(verbs.of(item).check(item), None)


def _people(needs: Iterable[Needs]) -> list[Identifiers]:
    """Whom to look up, in the order in which `_parties` asks for them."""
    return [who for one in needs for who in (one.member, one.second) if who is not None]


def _catalogue(session: Session, via: Via, needs: Iterable[Needs]) -> Catalogue:
    stores, skus = {one.store for one in needs}, {sku for one in needs for sku in one.skus}
    return Catalogue(session, stores=stores, skus=skus, partner=via.partner.code)


def _sku_lists(
    session: Session, configuration: Configuration, needs: Iterable[tuple[datetime, Needs]]
) -> sku_lists.Reading | None:
    """Only where rules ask for lists: those in force when something was bought."""
    bought = [(at, one.skus) for at, one in needs if one.skus]
    asked = [skus for at, skus in bought if sku_lists.ASKED_AS in versions.in_force(configuration, at).asks]
    skus = {sku for own in asked for sku in own if sku}
    return sku_lists.Reading(session, configuration.id, skus) if skus else None


def _codes(
    session: Session, configuration: Configuration, needs: Iterable[tuple[datetime, Needs]]
) -> promoted.Reading | None:
    """Only where a promotion that ran when something was bought has a list of codes."""
    typed = [(at, one.code) for at, one in needs if one.code.strip()]
    asked = {code for at, code in typed if OWN_CODES in versions.in_force(configuration, at).asks}
    return promoted.Reading(session, configuration.id, asked) if asked else None


def _refer(session: Session, configuration: Configuration, via: Via, needs: Sequence[Needs]) -> References | None:
    if not needs:
        return None
    with_payers = any(one.payers for one in needs)
    return References(session, configuration.id, via.pk, [one.named for one in needs], with_payers=with_payers)


def _references(needs: Mapping[Position, Needs], journals: References | None) -> dict[Position, Reference]:
    """The journals that items are about, as far as they are there."""
    if journals is None:
        return {}
    journals.take()
    found = {n: journals.find(one.named) for n, one in needs.items() if one.named.is_any}
    return {n: reference for n, reference in found.items() if reference}


def _parties(needs: Needs, people: Iterator[int | Refusal], reference: Reference | None) -> Parties | Refusal:
    """Who takes part in an item; a refusal points to where the item names them."""
    owner: int | Refusal | None
    if needs.member is not None:
        owner = next(people)
    elif reference is not None:
        owner = reference.member_id
    elif needs.may_come_later:
        owner = None
    else:
        owner = Refusal("transaction_unknown", "The program has no such transaction.", field="transaction")
    second = next(people) if needs.second is not None else None
    if isinstance(owner, Refusal):
        return owner
    if isinstance(second, Refusal):
        field = needs.second_field + second.field.removeprefix("member")
        return Refusal(second.code, second.detail, field)
    return Parties(owner, second)


def _shared(
    parties: Mapping[Position, Parties],
    groups: Mapping[int, Collection[int]],
    references: Mapping[Position, Reference],
    journals: References | None,
) -> frozenset[int]:
    """The groups of those who take part, and who else has to do with the journals that are named."""
    found = {group for both in parties.values() for member in both if member for group in groups.get(member, ())}
    for n in parties:
        if journals and n in references:
            found |= journals.parties(references[n].journal_id)
    return frozenset(found)


def _replay(
    session: Session,
    configuration: Configuration,
    via: Via,
    unfound: Mapping[Position, tuple[Item, Name]],
) -> dict[Position, Result]:
    """A fact that is known is answered as then, though its member is not found by that name any more."""
    if not unfound:
        return {}
    known = idempotency.read(session, configuration, via.pk, [name for _, name in unfound.values()], [])()
    replayed: dict[Position, Result] = {}
    for n, (item, name) in unfound.items():
        stored, mark = known.facts.get(name), fingerprint(item)
        if stored and stored.fingerprint == mark:
            replayed[n] = stored.replay()
    return replayed
