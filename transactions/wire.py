"""How are transactions and ledger entries written in the API: what may be sent, what is answered?"""

from functools import lru_cache

from loyalty_site.lib import money, problems
from loyalty_site.lib.shapes import Answer, DecimalText, Fields, Instant, Items, Json, Map, Money, Text, Whole
from partners.activity import Activity, Line, Redemption, Reversal
from transactions.models import Entry, Journal
from transactions.validity import (
    LARGEST_KEY,
    LARGEST_QUANTITY,
    LONGEST,
    LONGEST_IDENTIFIER,
    LONGEST_LINE,
    MOST_LINES,
)

_IDENTIFIER = Text(LONGEST_IDENTIFIER)
MEMBER = Fields(
    "MemberReference",
    {
        "number": _IDENTIFIER,
        "card": _IDENTIFIER,
        "external_id": _IDENTIFIER,
        "email": _IDENTIFIER,
        "phone": _IDENTIFIER,
    },
    required=True,
    text="One identifier is enough; of several the surest that is known wins, in this order.",
)
_FACT = {
    "external_id": Text(
        LONGEST["external_id"], required=True, text="Your own name for the fact: told twice, it counts once."
    ),
    "member": MEMBER,
    "activity_at": Instant(text="When it happened; now unless said."),
    "channel": Text(LONGEST["channel"], text="Like store, web or app."),
    "partner": Text(LONGEST["partner"], text="Code of the partner where it happened; yours unless said."),
    "store": Text(LONGEST["store"], text="Code of that partner's store."),
    "attributes": Json(text="Anything else worth keeping; numbers with a fraction are kept as text."),
}


@lru_cache(maxsize=8)
def transaction(decimals):
    """What POST transactions/ takes, in money of so many decimals; the schema shows the usual two."""
    name = (lambda text: text) if decimals == 2 else (lambda text: "")
    line = {
        "sku": Text(LONGEST_LINE["sku"]),
        "category": Text(LONGEST_LINE["category"]),
        "quantity": Whole(0, LARGEST_QUANTITY),
        "amount": Money(decimals, text="What was paid for the line, tax included."),
        "tax": Money(decimals),
    }
    own = {
        "activity": Text(LONGEST["kind"], required=True, text="purchase, visit, or the name of an event."),
        "amount": Money(decimals, text="The grand total."),
        "currency": Text(LONGEST["money"], text="ISO 4217 code of the money; the program's."),
        "tax": Money(decimals, text="Part of the amount."),
        "shipping": Money(decimals, text="Part of the amount."),
        "gift_card": Money(decimals, text="Paid with gift cards."),
        "points_value": Money(decimals, text="Paid with points."),
        "code": Text(LONGEST["code"], text="A coupon or campaign code."),
        "lines": Items(Fields(name("TransactionLine"), line), most=MOST_LINES),
    }
    return Fields(name("NewTransaction"), _FACT | own)


TRANSACTION = transaction(2)
REDEMPTION = Fields(
    "NewRedemption",
    _FACT
    | {
        "points": Whole(1, required=True, text="In the currency's smallest unit."),
        "currency": Text(LONGEST["currency"], text="Code of the program's currency; the primary one unless said."),
        "reason": Text(LONGEST["reason"]),
    },
)
REVERSAL = Fields(
    "NewReversal",
    {
        "external_id": Text(LONGEST["external_id"], text="“reversal-ID” of the transaction unless said."),
        "activity_at": _FACT["activity_at"],
        "reason": Text(LONGEST["reason"]),
    },
)

_POINTS = Map(Whole(-money.LARGEST), text="By currency code, in its smallest unit; negative: taken.")
_LOT_USE = Answer("LotUse", {"lot": Whole(), "points": Whole(), "expires_at": Instant(null=True)})
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
    "state": Text(20, choices=Journal.Status.values, text="How a kept transaction waits."),
    "detail": Text(300, text="Why it waits."),
    "points": _POINTS,
    "shared": Map(Map(Whole()), text="Points that went to groups of the member, by their number and currency."),
    "expires": Map(Instant(null=True), text="When what was earned ends, by currency code."),
    "lots": Items(_LOT_USE, text="What a redemption was paid from."),
    "points_used": Whole(text="What was taken; less than was asked where the rest would buy nothing."),
    "money_value": Whole(null=True, text="What the redeemed points are worth, in minor units of the money."),
    "reserved_until": Instant(null=True),
    "clawback": Map(Whole(), text="Points that a reversal should take back."),
    "clawback_of_groups": Map(Map(Whole()), text="Of these, what groups give back."),
    "restored": Whole(text="Redeemed points that a reversal gave back."),
    "unrecovered": Map(Whole(), text="Points that a reversal could not take back, because they are spent."),
    "unrecovered_value": Map(Whole(), text="Their worth in minor units of the money."),
    "reverses": Whole(1, LARGEST_KEY),
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
_LINE = {
    "sku": Text(64),
    "category": Text(64),
    "quantity": Whole(),
    "amount": DecimalText(),
    "tax": DecimalText(),
}
DETAIL = Answer(
    "Transaction",
    _SUMMARY
    | {
        "attributes": Json(),
        "reversals": Items(Whole(1, LARGEST_KEY), text="Ids of what took it back, in whole or in parts."),
        "lines": Items(Answer("ReportedLine", _LINE)),
        "entries": Items(ENTRY),
        "explanation": Json(text="How the rules came to their numbers."),
    },
)

#: Columns of a Journal, as .values() names them, and what the API calls them.
JOURNAL_COLUMNS = {
    "id": "id",
    "kind": "kind",
    "activity": "activity",
    "external_id": "external_id",
    "member__number": "member",
    "status": "status",
    "error": "detail",
    "activity_at": "activity_at",
    "received_at": "received_at",
    "amount": "amount",
    "money": "currency",
    "connection__partner__code": "partner",
    "store__code": "store",
    "channel": "channel",
    "code": "code",
    "reason": "reason",
    "reverses_id": "reverses",
}
ENTRY_COLUMNS = {
    "id": "id",
    "journal_id": "transaction",
    "member__number": "member",
    "currency__code": "currency",
    "kind": "kind",
    "points": "points",
    "balance_after": "balance_after",
    "activity_at": "activity_at",
    "posted_at": "posted_at",
    "lot__expires_at": "expires_at",
    "lot__remaining": "remaining",
}


def activity(asked):
    """The Activity that a read NewTransaction is."""
    own = {_ATTRIBUTES.get(name, name): value for name, value in asked.items()}
    if "lines" in own:
        own["lines"] = tuple(Line(**line) for line in own["lines"])
    return Activity(**own)


_ATTRIBUTES = {"activity": "kind", "currency": "money"}


def redemption(asked):
    return Redemption(**asked)


def reversal(journal_id, asked):
    return Reversal(**{"external_id": f"reversal-{journal_id}", "journal_id": journal_id} | asked)


def posting(result, *, dry_run):
    """What the sender is told of a Result that is not refused."""
    is_computed = dry_run and result.status in ("posted", "kept")
    told = {"status": "computed" if is_computed else result.status, "id": None if is_computed else result.journal_id}
    # A kept transaction tells how it waits under the name that we need for what became of the request.
    return told | {"state" if name == "status" else name: value for name, value in result.answer.items()}


def summary(row):
    """One Journal, read with `.values(*JOURNAL_COLUMNS)`, as the API writes it."""
    told = {name: row[column] for column, name in JOURNAL_COLUMNS.items()}
    return told | {"amount": money.render(row["amount"], money.exponent(row["money"]))}


def entry(row):
    return {name: row[column] for column, name in ENTRY_COLUMNS.items()}


def line(row, iso):
    amounts = {name: money.render(row[name], money.exponent(iso)) for name in ("amount", "tax")}
    return {name: row[name] for name in _LINE} | amounts
