"""How is a foreign file read? What a mapping says, once it is checked (mapping_checks.py); see docs/import.md."""

from collections.abc import Mapping as Names
from collections.abc import Sequence
from dataclasses import dataclass

from transactions.imports import layout

#: What a row can say, by the kind of value that is expected.
IDENTIFIERS = ("number", "card", "customer", "email", "phone")
#: What members/lookup.py calls those that it calls otherwise.
LOOKED_UP_AS = {"customer": "external_id"}
#: By which of them somebody new is known from then on.
ENROLLED_BY = ("customer", "card", "email", "phone")
MONEY = ("amount", "tax", "shipping", "shipping_tax", "discount", "gift_card", "points_value", "refund")
MOMENTS = ("date", "time", "birth_date")
TEXTS = (
    "external_id",
    "kind",
    "money",
    "channel",
    "partner",
    "store",
    "code",
    "sku",
    "category",
    "order",
    "refund_of",
    "labels",
)
#: What decides whether a row counts at all; `status` and `type` are for nothing else.
DECIDING = ("status", "type", "kind", "money", "channel", "partner", "store", "code")
PERSON = ("first_name", "last_name", "company_name", "language")
#: What each row of an order says of its own line.
LINE = ("sku", "category", "quantity", "line_amount", "line_price", "line_discount", "labels")
TARGETS = tuple(dict.fromkeys((*IDENTIFIERS, *MONEY, *MOMENTS, *TEXTS, *DECIDING, *PERSON, *LINE)))
#: What may stand beside the amount instead of in it.
BESIDE = ("tax", "shipping")
#: What may be the same for all rows.
CONSTANTS = ("kind", "money", "channel", "partner", "store", "code", "sku", "category", "labels", "language")
#: What identifies something, so that a number which a spreadsheet has left there is no use.
IDENTIFYING = (*IDENTIFIERS, "external_id", "sku", "category", "store", "partner", "code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping(layout.Layout):
    """A checked mapping of a file of purchases.

    `signs`: amounts carry currency signs, brackets or minus signs. `negative` says whether negative amounts are
    refunds, `guests` what becomes of rows without a customer, `amount_without` what has to be added to the amount and
    `shipping_without_tax` whether the tax on shipping has to be added to that;
    `only` and `leave_out` which rows count, as values by target.
    """

    signs: bool
    negative: str
    guests: str
    amount_without: Sequence[str]
    shipping_without_tax: bool
    only: Names[str, Sequence[str]]
    leave_out: Names[str, Sequence[str]]

    @property
    def targets(self) -> set[str]:
        """What a row says."""
        return {field.target for field in self.fields}


class Settings(layout.Settings):
    """How the file is written and which of its rows count, without where its values stand."""

    signs: bool
    negative: str
    guests: str
    amount_without: list[str]
    shipping_without_tax: bool
    only: dict[str, list[str]]
    leave_out: dict[str, list[str]]


DEFAULTS: Settings = {
    **layout.DEFAULTS,
    "signs": False,
    "negative": "refuse",
    "guests": "pass_over",
    "amount_without": [],
    "shipping_without_tax": False,
    "only": {},
    "leave_out": {},
}
NAMES = (*DEFAULTS, "fields", "constants", "comment")
