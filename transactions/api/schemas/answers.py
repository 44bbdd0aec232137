"""How are transactions and ledger entries written in the API: what is answered?"""

from loyalty_site.lib import money, problems
from loyalty_site.lib.schema_objects import Answer, Answered, Items, Map
from loyalty_site.lib.schema_types import DecimalText, Instant, Json, Number, Text, Whole
from partners.limits import LARGEST_KEY
from transactions.books.items import Result
from transactions.models import Entry, Journal

_POINTS = Map(Whole(-money.LARGEST), text="By currency code, in its smallest unit; negative: taken.")
_LOT_USE = Answer("LotUse", {"lot": Whole(), "points": Whole(), "expires_at": Instant(null=True)})
PENDING = Answer(
    "Pending",
    {
        "available_at": Instant(null=True, text="From when on they can be spent; null: from an event on."),
        "waits_for": Text(40, text="The event; empty for an instant."),
        "deadline_at": Instant(null=True, text="When they are lost unless the event has come."),
    },
)
_TAKEN = {
    "points": _POINTS,
    "clawback": Map(Whole(), text="Points that a reversal should take back."),
    "clawback_of_groups": Map(
        Map(Whole()), text="Beside these, what groups give back, by their number and currency."
    ),
    "restored": Whole(text="Redeemed points that a reversal gave back."),
    "restored_value": DecimalText(
        null=True,
        text=(
            "What the points that come back had paid, in the program's money: the rest is paid out. Points that "
            "ended since (returned_points “strict”) count too. Null where points have no money value."
        ),
    ),
    "unrecovered": Map(Whole(), text="Points that a reversal could not take back, because they are spent."),
    "unrecovered_value": Map(DecimalText(), text="Their worth in the program's money, by currency code."),
}
WARNINGS = Items(
    Answer("Warning", {"code": Text(40, choices=problems.WARNINGS), "detail": Text(2000), "field": Text(40)}),
    text="What is surely wrong with it, though it was taken: a stable code, a sentence, and the field that is meant.",
)
DISCOUNTS = Items(
    Answer(
        "Discount",
        {
            "rule": Text(40),
            "name": Text(80),
            "promotion": Text(40, null=True, text="The code of the promotion that the rule is of; null: of none."),
            "amount": DecimalText(text="0.00 where a budget is used up."),
            "lines": Items(Whole(), null=True, text="The places of its lines, from 0; null: it is off all of them."),
        },
    ),
    text="Money off that the till takes off, by rule, in the money of the purchase.",
)
DISCOUNT_TOTAL = DecimalText(text="All of it together.")
REPLACED = Answer(
    "Replaced",
    _TAKEN | {"reverses": Whole(1, LARGEST_KEY)},
    maybe=["clawback_of_groups"],
    text="What taking the old revision back moved.",
)
_POSTING = {
    "status": Text(
        10,
        choices=("posted", "replayed", "computed", "kept"),
        text=(
            "“replayed”: it was known, nothing moved; “computed”: a dry run, nothing was written; "
            "“kept”: it is written down and waits for what `detail` says, no points moved."
        ),
    ),
    "id": Whole(1, LARGEST_KEY, null=True, text="Null for a dry run."),
    "state": Text(
        20, choices=Journal.Status.values, text="How a kept transaction waits; what became of a reservation."
    ),
    "detail": Text(300, text="Why it waits."),
    **_TAKEN,
    "warnings": WARNINGS,
    "desired_points": Map(Whole(), text="What the rules gave before caps cut it, where they did."),
    "discounts": DISCOUNTS,
    "discount_total": DISCOUNT_TOTAL,
    "pending": Map(PENDING, text="Which of the points cannot be spent yet, by currency code."),
    "redeemed": Answer(
        "Redeemed",
        {
            "points": _POINTS,
            "lots": Items(_LOT_USE, text="What they were taken from."),
            "points_used": Whole(text="What was taken; less than was asked where the rest would buy nothing."),
            "money_value": DecimalText(null=True, text="What they are worth, in the program's money."),
        },
        text="The points that paid for it, spent by the same fact.",
    ),
    "replaced": REPLACED,
    "promotions": Map(Map(Whole()), text="What promotions gave of the points, by their code and currency."),
    "shared": Map(Map(Whole()), text="Points that went to groups of the member, by their number and currency."),
    "expires": Map(Instant(null=True), text="When what was earned ends, by currency code."),
    "lots": Items(_LOT_USE, text="What a redemption was paid from."),
    "points_used": Whole(text="What was taken; less than was asked where the rest would buy nothing."),
    "money_value": DecimalText(null=True, text="What the redeemed points are worth, in the program's money."),
    "reserved_until": Instant(null=True),
    "reverses": Whole(1, LARGEST_KEY),
    "set_tier": Answer(
        "SetTier",
        {
            "tier_group": Text(40),
            "tier": Text(40, null=True, text="Null: none."),
            "since": Instant(text="When it was reached that is held."),
            "until": Instant(null=True, text="The first instant at which it has ended; null: never."),
            "locked_until": Instant(null=True),
        },
        text="The tier that is held after it was set.",
    ),
    "fee": Whole(text="Points of a transfer that nobody gets."),
    "to": Text(24, text="Membership number of who is given points."),
    "member": Text(24, text="Membership number."),
    "balances": Map(Whole(-money.LARGEST), text="Afterwards, by currency code."),
    "tiers": Map(Text(40), text="Afterwards, by tier group."),
}
_ALWAYS = ("status", "id")
_MAYBE = [name for name in _POSTING if name not in _ALWAYS]
POSTING = Answer("Posting", _POSTING, maybe=_MAYBE)
PROBLEM = Answer(
    "Problem",
    {
        "type": Text(200, text="The page that explains this kind."),
        "title": Text(200),
        "status": Whole(400, 599),
        "code": Text(40, choices=problems.KINDS),
        "detail": Text(2000),
        "instance": Text(400),
        "errors": Items(
            Answer(
                "ProblemError",
                {
                    "pointer": Text(400, text="JSON pointer into the body."),
                    "parameter": Text(100, text="Name of the query parameter."),
                    "header": Text(100),
                    "code": Text(40),
                    "detail": Text(2000),
                },
                maybe=("pointer", "parameter", "header"),
            )
        ),
    },
    maybe=("errors",),
)
_RESULT = _POSTING | {
    "index": Whole(text="Place of the item in the list, from 0."),
    "status": Text(10, choices=("posted", "replayed", "computed", "kept", "refused")),
    "problem": PROBLEM,
}
BATCH = Answer(
    "BatchResult",
    {
        "posted": Whole(),
        "replayed": Whole(),
        "computed": Whole(),
        "kept": Whole(),
        "refused": Whole(),
        "results": Items(
            Answer("ItemResult", _RESULT, maybe=[*_MAYBE, "problem"]),
            text="One for each item, in the order of the items.",
        ),
    },
)

ENTRY = Answer(
    "Entry",
    {
        "id": Whole(1, LARGEST_KEY),
        "transaction": Whole(1, LARGEST_KEY),
        "member": Text(24),
        "currency": Text(40),
        "kind": Text(16, choices=Entry.Kind.values),
        "points": Whole(-money.LARGEST, text="What a statement shows."),
        "balance_after": Whole(-money.LARGEST),
        "activity_at": Instant(),
        "posted_at": Instant(),
        "expires_at": Instant(null=True, text="When a credit ends; null: never, or no credit."),
        "remaining": Whole(null=True, text="What is left of a credit."),
    },
)
_SUMMARY = {
    "id": Whole(1, LARGEST_KEY),
    "kind": Text(12, choices=Journal.Kind.values),
    "activity": Text(40),
    "external_id": Text(128),
    "member": Text(24, null=True, text="Null while it is not known, and for what time did to many members."),
    "status": Text(20, choices=Journal.Status.values),
    "detail": Text(300, text="Why it waits, failed or was rejected."),
    "activity_at": Instant(),
    "received_at": Instant(),
    "amount": DecimalText(),
    "currency": Text(3, text="ISO 4217 code of the amount; empty without one."),
    "partner": Text(40),
    "store": Text(40, null=True),
    "channel": Text(20),
    "code": Text(64),
    "reason": Text(200),
    "reverses": Whole(1, LARGEST_KEY, null=True),
}
SUMMARY = Answer("TransactionSummary", _SUMMARY)
LINE = {
    "sku": Text(64),
    "category": Text(64),
    "quantity": Number(text="How many units; weighed ones with up to three decimals."),
    "amount": DecimalText(),
    "tax": DecimalText(),
    "discount": DecimalText(),
}
#: What their sender says of them besides, as it was sent.
_SAID_OF_LINE = {"labels": Items(Text(64)), "attributes": Json()}
#: Those of them that are amounts of money.
LINE_MONEY = tuple(name for name, kind in LINE.items() if isinstance(kind, DecimalText))
DETAIL = Answer(
    "Transaction",
    _SUMMARY
    | {
        "tax": DecimalText(null=True, text="All tax that was reported, in the amount; null: none was."),
        "shipping": DecimalText(null=True, text="Shipping in the amount, with its tax; null: none was reported."),
        "shipping_tax": DecimalText(null=True, text="The tax on shipping, where it was said; else null."),
        "gift_card": DecimalText(null=True, text="What gift cards paid of the amount; null: nothing."),
        "points_value": DecimalText(
            null=True, text="What points paid of the amount, by redeem or as it was said; null: nothing."
        ),
        "attributes": Json(),
        "decided_at": Instant(null=True, text="When somebody approved, rejected or retried it; null: nobody had to."),
        "decided_by": Text(150, null=True, text="Which member of staff; the owner's keys alone see it."),
        "decided_by_member": Text(24, null=True, text="Which owner or approver of the group whose points it spends."),
        "reversals": Items(Whole(1, LARGEST_KEY), text="Ids of what took it back, in whole or in parts."),
        "lines": Items(Answer("ReportedLine", LINE | _SAID_OF_LINE)),
        "entries": Items(ENTRY),
        "explanation": Json(text="How the rules came to their numbers."),
        "sentences": Items(Text(2000), text="The same in words."),
        "warnings": WARNINGS,
    },
)


def posting(result: Result, *, dry_run: bool) -> dict[str, Answered]:
    """What is answered to a Result that is not refused."""
    # A reservation waits too, but it has moved points.
    answer = result.answer or {}
    status = "posted" if result.status == "kept" and answer.get("reserved_until") else result.status
    is_computed = dry_run and status in ("posted", "kept")
    about: dict[str, Answered] = {
        "status": "computed" if is_computed else status,
        "id": None if is_computed else result.journal_id,
    }
    # A kept transaction says how it waits under the name that we need for what became of the request.
    return about | {"state" if name == "status" else name: value for name, value in answer.items()}
