"""Do the uses of promotions, and of the codes on their lists, follow from what transactions remember?"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, TypeAlias, cast

from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from simple_history.utils import get_history_model_for_model

from programs.models import Promotion, PromotionCode
from transactions.models import Journal, PromotionUse
from transactions.models.journal_traces import AnyTrace
from transactions.proof.audit.drift import Drift, Members

#: What traces say of promotions: what an order got, and what a refund took back of it.
_KEYS = ("promotions", "discounts", "promotions_back", "discounts_back")
_CHUNK = 2_000

#: (key of the journal, code of the promotion, key of the currency, None for minor units of money off).
_Given: TypeAlias = tuple[int, str, int | None]


class _Owner(NamedTuple):
    """Whose transaction it is; `at` is when it was processed."""

    member: int
    at: datetime


def promotions_gave_what_traces_say(members: Members) -> Iterator[Drift]:
    """Each transaction has as many points and as much money off of each promotion as its trace says."""
    offers = dict(Promotion.objects.filter(program=members.program_id).values_list("code", "pk"))
    if not offers:
        return
    owners: dict[int, _Owner] = {}
    stored, computed = _written(members, owners), _remembered(members, owners)
    for key in sorted(stored.keys() | computed.keys(), key=str):
        journal, code, currency = key
        if stored[key] == computed[key] or code not in offers:
            continue
        owner = owners[journal]
        if key in stored or not _is_younger(offers[code], owner.at):
            what = f"what promotion {code} gave by transaction {journal}"
            yield members.drift(owner.member, currency, what, stored[key], computed[key])


def _written(members: Members, owners: dict[int, _Owner]) -> Counter[_Given]:
    """What the rows say that promotions gave; notes whose transactions these are."""
    found: Counter[_Given] = Counter()
    uses = PromotionUse.objects.filter(journal__member__in=members.ids).order_by()
    names = "journal_id", "journal__member_id", "journal__processed_at", "promotion__code", "currency_id"
    for journal, member, at, code, currency, number in uses.values_list(*names, F("points") + F("discount")):
        owners[journal] = _Owner(member, at)
        found[journal, code, currency] += number
    return found


def _remembered(members: Members, owners: dict[int, _Owner]) -> Counter[_Given]:
    """The same of what the traces say."""
    found: Counter[_Given] = Counter()
    currencies = {code: key for key, code in members.currencies.items()}
    rows = Journal.objects.filter(member__in=members.ids, trace__has_any_keys=_KEYS).order_by()
    columns = (f"trace__{key}" for key in _KEYS)
    for journal, member, at, *values in rows.values_list("pk", "member_id", "processed_at", *columns):
        owners[journal] = _Owner(member, at)
        trace = cast(AnyTrace, {key: value for key, value in zip(_KEYS, values, strict=True) if value})
        for code, currency, number in _told(trace):
            found[journal, code, currencies.get(currency)] += number
    return found


def _told(trace: AnyTrace) -> Iterator[tuple[str, str, int]]:
    """(code of a promotion, code of a currency or "" for money off, number) of what a trace says; what came back is
    below zero."""
    for sign, by_promotion in ((1, trace.get("promotions", {})), (-1, trace.get("promotions_back", {}))):
        for code, points in by_promotion.items():
            for currency, number in points.items():
                yield code, currency, sign * number
    for row in trace.get("discounts", ()):
        if "promotion" in row:
            yield row["promotion"], "", row["amount"]
    for code, amount in trace.get("discounts_back", {}).items():
        yield code, "", -amount


def _is_younger(promotion_id: int, processed_at: datetime) -> bool:
    """Whether a promotion was added after a transaction that only remembers one of the same code, removed by then."""
    history = get_history_model_for_model(Promotion).objects.filter(id=promotion_id, history_type="+")
    added: datetime | None = history.values_list("history_date", flat=True).first()
    return added is not None and added > processed_at


def codes_were_used_as_often_as_traces_say(program_id: int) -> Iterator[Drift]:
    """Each code of a promotion's own list was used by as many transactions as remember it and still have something
    by it; of the whole program, because a code may serve many members."""
    offers = Promotion.objects.filter(program=program_id)
    for promotion in offers.filter(Exists(PromotionCode.objects.filter(promotion=OuterRef("pk")))).order_by("pk"):
        yield from _codes_of(promotion)


def _codes_of(promotion: Promotion) -> Iterator[Drift]:
    """Both sides in the order of their keys, so that a list of a million codes is never held at once."""
    computed = iter(_open_uses(promotion))
    at, number = next(computed, (None, 0))
    rows = PromotionCode.objects.filter(promotion=promotion).order_by("pk")
    for key, code, used in rows.values_list("pk", "code", "used").iterator(_CHUNK):
        # Of a code that was taken off the list nothing is stored.
        while at is not None and at < key:
            at, number = next(computed, (None, 0))
        expected = number if at == key else 0
        if used != expected:
            yield Drift("", "", f"how often code {code} of promotion {promotion.code} was used", used, expected)


def _open_uses(promotion: Promotion) -> Iterator[tuple[int, int]]:
    """(key of a code, how many transactions use it) of what gave something and did not give its code back."""
    code = promotion.code
    returns = Journal.objects.filter(reverses=OuterRef("pk")).annotate(
        codes=Cast(KT("trace__codes_back"), TextField())
    )
    gave = PromotionUse.objects.filter(promotion=promotion).order_by().values("journal")
    rows = (
        Journal.objects.filter(pk__in=gave, trace__codes__has_key=code)
        .exclude(Exists(returns.filter(codes__contains=f'"{code}"')))
        .annotate(key=Cast(KT(f"trace__codes__{code}"), BigIntegerField()))
    )
    found = rows.order_by("key").values("key").annotate(number=Count("pk"))
    return found.values_list("key", "number").iterator(_CHUNK)
