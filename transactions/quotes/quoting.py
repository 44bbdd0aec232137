"""What would a purchase earn, which tier would it reach, and what may be redeemed on it?

By the verbs that post it, on what is read without a lock (`trials`): a quote and the posting that follows it agree
unless something happens in between.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.utils import timezone

from loyalty_site.lib.glancing import one_moment
from loyalty_site.lib.json_types import JsonObject
from members import progress
from members.lookup import normal
from members.models import Member
from members.progress import Step
from partners.activity import Activity
from partners.callers import Via
from programs.configuration import Configuration, Currency
from transactions import ledger
from transactions.books.items import Result, accepted, wait_of
from transactions.models.journal_traces import StoredTrace
from transactions.quotes.discounted import earns_after
from transactions.quotes.redeemable import Redeemable, asked_about, paid_with, redeemable
from transactions.quotes.trials import Trials
from transactions.verbs.paying import PURCHASE


@dataclass(frozen=True, slots=True)
class Quote:
    """What posting a purchase `at` an instant would do, under this configuration.

    `result` is that of the posting: posted, kept or replayed; its `trace` explains the points, where there are any.
    `number` is that of the member, "" for somebody who is none yet, and `merged_from` the one by which the member was
    named, where it is of somebody who was merged into that member. `before` and `after` tell each ladder.
    `earns_after` are the points by currency code once the till has taken off what it is told, None where it is told
    of nothing that it has not taken off.
    """

    configuration: Configuration
    at: datetime
    result: Result
    trace: StoredTrace | None = None
    number: str = ""
    merged_from: str = ""
    before: Sequence[Step] = ()
    after: Sequence[Step] = ()
    redeemables: Sequence[Redeemable] = ()
    earns_after: Mapping[str, int] | None = None

    @property
    def answer(self) -> JsonObject:
        """What posting it would answer; of what was posted before nothing that moved then."""
        return {} if self.result.status == "replayed" else self.result.answer or {}

    @property
    def detail(self) -> str:
        """Why posting it would give nothing yet, or nothing more; "" where it gives what it gives."""
        if self.result.status == "replayed":
            return f"It was posted already, as transaction {self.result.journal_id}: sent again, it moves nothing."
        return wait_of(self.result)


def new_name() -> str:
    """A name for a purchase that its sender has not given one yet."""
    return f"quote-{secrets.token_hex(8)}"


def quote(
    item: Activity, *, program_id: int, via: Via, redeem_currency: str = "", now: datetime | None = None
) -> Quote:
    """The Quote of a purchase that would come through the connection `via`; nothing is written, nobody has to wait.

    Without any identifier of a member it is one of somebody who becomes a member at that moment. `redeem_currency`
    is the one that is asked about, "" for all that can be spent. Raises Refused where posting it would be refused.
    """

    def look(configuration: Configuration) -> Quote:
        at, currencies = now or timezone.now(), asked_about(configuration, redeem_currency)
        payable = currencies if item.member and item.kind == PURCHASE else []
        guises = [item, *(paid_with(item, currency) for currency in payable)]
        guises += [item] if configuration.gives_discounts else []
        with one_moment():
            return _quote(Trials(guises, configuration, via=via, now=at), payable)

    return ledger.attempt(look, program_id, via, dry_run=True)


def _quote(trials: Trials, currencies: Sequence[Currency]) -> Quote:
    """The Quote of the first guise; the next ones are paid with points of one of these `currencies` each, and a last
    one, where rules take money off, is for what is left to pay then."""
    configuration, now, found = trials.configuration, trials.now, trials.find()
    if 0 in found.results:
        return Quote(configuration, now, accepted(found.results[0]))
    opened = trials.open(found)
    owner = opened.books.accounts[found.parties[0].owner or 0]
    before = list(progress.steps(configuration, owner, now=now))
    trial = trials.run_apart(opened, 0)
    result = accepted(trial.result)
    can_pay = result.status == "posted"
    rate = trial.said.get("rate")
    return Quote(
        configuration,
        now,
        result,
        trace=cast("StoredTrace | None", trial.said.get("trace")),
        number=owner.number,
        merged_from=_merged_from(trials, owner.id, owner.number),
        before=before,
        after=list(progress.steps(configuration, trial.account, now=now)) if can_pay else before,
        redeemables=[redeemable(trials, opened, n, one, rate) for n, one in enumerate(currencies, 1)]
        if can_pay
        else [],
        earns_after=earns_after(trials, opened, len(trials.items) - 1, result.answer or {}) if can_pay else None,
    )


def _merged_from(trials: Trials, member_id: int, number: str) -> str:
    """The number by which the member was named, where it is that of somebody who was merged into the member."""
    said = normal("number", trials.items[0].member.get("number", ""))
    if said in ("", number):
        return ""
    merged = Member.objects.filter(program=trials.configuration.id, number=said, merged_into=member_id)
    return said if merged.exists() else ""
