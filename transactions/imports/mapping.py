"""How is a foreign file read? What a mapping says, once it is checked (mapping_checks.py); see docs/import.md."""

from collections.abc import Mapping as Names
from collections.abc import Sequence
from dataclasses import dataclass, field

from transactions.imports import layout
from transactions.imports.layout import Field

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
)
#: What decides whether a row counts at all; `status` and `type` are for nothing else.
DECIDING = ("status", "type", "kind", "money", "channel", "partner", "store", "code")
PERSON = ("first_name", "last_name", "company_name", "language")
#: What each row of an order says of its own line.
LINE = ("sku", "category", "quantity", "line_amount", "line_price", "line_discount")
TARGETS = tuple(dict.fromkeys((*IDENTIFIERS, *MONEY, *MOMENTS, *TEXTS, *DECIDING, *PERSON, *LINE)))
#: What may stand beside the amount instead of in it.
BESIDE = ("tax", "shipping")
#: What may be the same for all rows.
CONSTANTS = ("kind", "money", "channel", "partner", "store", "code", "sku", "category", "language")
#: What identifies something, so that a number which a spreadsheet has left there is no use.
IDENTIFYING = (*IDENTIFIERS, "external_id", "sku", "category", "store", "partner", "code")


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked mapping. `enrol`: unknown customers become members.

    `signs`: amounts carry currency signs, brackets or minus signs. `negative` says whether negative amounts are
    refunds, `guests` what becomes of rows without a customer, `amount_without` what has to be added to the amount and
    `shipping_without_tax` whether the tax on shipping has to be added to that;
    `only` and `leave_out` which rows count, as values by target.
    """

    format: str
    fields: tuple[Field, ...]
    constants: Names[str, str]
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    skip_lines: int = 0
    decimal: str = "."
    thousands: str = ""
    time_zone: str = ""
    country: str = ""
    enrol: bool = False
    final_line_end: bool = True
    signs: bool = False
    negative: str = "refuse"
    guests: str = "pass_over"
    amount_without: Sequence[str] = ()
    shipping_without_tax: bool = False
    only: Names[str, Sequence[str]] = field(default_factory=dict)
    leave_out: Names[str, Sequence[str]] = field(default_factory=dict)

    @property
    def targets(self) -> set[str]:
        """What a row says."""
        return {field.target for field in self.fields}

    @property
    def width(self) -> int:
        """How long a line of fixed width must be."""
        return layout.width_of(self.fields)


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
