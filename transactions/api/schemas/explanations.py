"""How is the causal chain of a ledger entry written in the API? See transactions/proof/causes.py."""

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from loyalty_site.lib import money
from loyalty_site.lib.schema_objects import Answer, Answered, Items
from loyalty_site.lib.schema_types import DecimalText, Instant, Json, Text, Truth, Whole
from partners.limits import LARGEST_KEY
from transactions.models import Entry, Journal

#: Plain data of proof/causes.py, which says what is in it.
Chain: TypeAlias = Mapping[str, Any]

_CAUSE = {
    "id": Whole(1, LARGEST_KEY),
    "kind": Text(12, choices=Journal.Kind.values),
    "activity": Text(40),
    "external_id": Text(128),
    "status": Text(20, choices=Journal.Status.values),
    "amount": DecimalText(),
    "currency": Text(3, text="ISO 4217 code of the amount; empty without one."),
    "reason": Text(200),
    "activity_at": Instant(),
}
_SECRET = ["external_id", "amount", "currency", "reason"]
_SECRET_TEXT = "Of a transaction that another partner sent, the owner's keys alone see what it was called and worth."
CAUSE = Answer("Cause", _CAUSE, maybe=_SECRET, text=_SECRET_TEXT)
_STEP = {
    "id": Whole(1, LARGEST_KEY),
    "kind": Text(16, choices=Entry.Kind.values),
    "points": Whole(-money.LARGEST),
    "available": Whole(-money.LARGEST, text="What it moved of each part of the balance."),
    "pending": Whole(-money.LARGEST),
    "reserved": Whole(-money.LARGEST),
    "arrears": Whole(-money.LARGEST),
    "balance_after": Whole(-money.LARGEST),
    "sequence": Whole(text="Its place among the entries of the member."),
    "activity_at": Instant(),
    "posted_at": Instant(),
}
_STEP_SHAPE = Answer("ExplainedEntry", _STEP)
_LOT = {
    "id": Whole(1, LARGEST_KEY),
    "points": Whole(text="What it was born with."),
    "remaining": Whole(text="What is left of it."),
    "is_pending": Truth(),
    "is_extended": Truth(),
    "is_floored": Truth(text="The shortest validity moved its end."),
    "waits_for": Text(40, text="The event that sets it free."),
    "available_at": Instant(null=True),
    "expires_at": Instant(null=True),
}
_LOT_LIFE = _LOT | {
    "origin": Whole(1, LARGEST_KEY, null=True, text="The lot that it came out of."),
    "used_by": Items(
        Answer("LotUser", {"points": Whole(-money.LARGEST), "entry": _STEP_SHAPE, "journal": CAUSE}),
        text="What took from it; below zero: given back.",
    ),
    "redated": Items(
        Answer(
            "Redating",
            {"at": Instant(), "from": Instant(null=True), "to": Instant(null=True), "why": Text(200)},
        ),
        text="When its end was moved.",
    ),
    "moved_to": Items(Whole(1, LARGEST_KEY), text="Lots that came out of it."),
}
EXPLANATION = Answer(
    "EntryExplanation",
    {
        "entry": _STEP_SHAPE,
        "journal": Answer(
            "ExplainedTransaction",
            _CAUSE
            | {
                "program_version": Whole(null=True, text="The version of the program that counted."),
                "rules": Items(Json(), text="What each rule made of it, with the version of the rule."),
                "sentences": Items(Text(2000), text="The same in words."),
                "reverses": Answer("ReversedCause", _CAUSE, maybe=_SECRET, null=True),
                "reversed_by": Items(CAUSE),
            },
            maybe=_SECRET,
        ),
        "took_from": Items(
            Answer(
                "LotSource",
                {"points": Whole(-money.LARGEST), "lot": Answer("ExplainedLot", _LOT), "earned_by": CAUSE},
            ),
            text="The lots that a debit took from, or a return gave back to, with what earned them.",
        ),
        "gave": Answer("LotLife", _LOT_LIFE, null=True, text="The lot that a credit made, and what became of it."),
    },
)


def explanation(chain: Chain, own: Collection[int], iso: str) -> Mapping[str, Answered]:
    """The chain of causes.of_entry as the API writes it; `own` has the ids of journals that the key may read.

    What is about no money has amounts with the decimals of `iso`, the money of the program.
    """
    journal, gave = chain["journal"], chain["gave"]
    causes = journal | {
        "reverses": journal["reverses"] and _cause(journal["reverses"], own, iso),
        "reversed_by": [_cause(one, own, iso) for one in journal["reversed_by"]],
    }
    sources = [source | {"earned_by": _cause(source["earned_by"], own, iso)} for source in chain["took_from"]]
    if gave:
        gave = gave | {"used_by": [use | {"journal": _cause(use["journal"], own, iso)} for use in gave["used_by"]]}
    return {**chain, "journal": _cause(causes, own, iso), "took_from": sources, "gave": gave}


def journals_of(chain: Chain) -> set[int]:
    """The ids of all journals in a chain of causes.of_entry."""
    journal, gave = chain["journal"], chain["gave"]
    named = [journal, *journal["reversed_by"], *(source["earned_by"] for source in chain["took_from"])]
    named += [journal["reverses"]] if journal["reverses"] else []
    named += [use["journal"] for use in gave["used_by"]] if gave else []
    return {one["id"] for one in named}


def _cause(journal: Chain, own: Collection[int], main: str) -> dict[str, Answered]:
    iso = journal["money"]
    known = {name: value for name, value in journal.items() if name != "money"}
    known |= {"amount": money.render(journal["amount"], money.exponent(iso or main)), "currency": iso}
    return known if journal["id"] in own else {name: known[name] for name in known if name not in _SECRET}
