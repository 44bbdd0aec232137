"""How is a foreign file read? What a mapping says, once it is checked (mapping_checks.py); see docs/import.md."""

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Names
from dataclasses import dataclass, field
from typing import TypedDict

from programs.checks import Problem
from transactions.imports.moments import ISO

#: What a row can say, by the kind of value that is expected.
IDENTIFIERS = ("number", "card", "customer", "email", "phone")
#: By which of them somebody new is known from then on.
ENROLLED_BY = ("customer", "card", "email", "phone")
MONEY = ("amount", "tax", "shipping", "discount", "gift_card", "points_value", "refund")
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
WIDEST = 100_000


class BadMapping(Exception):
    """The mapping cannot be used; `problems` says why, each with its path."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{p.path or 'mapping'}: {p.message}" for p in self.problems))


@dataclass(frozen=True, slots=True)
class Field:
    """Where a value stands. CSV: `column`, a name or a number from 1. Fixed width: `start`, from 0, up to `end`."""

    target: str
    column: str | int = ""
    start: int = 0
    end: int = 0
    format: str = ISO


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked mapping. `enrol`: unknown customers become members.

    `signs`: amounts carry currency signs, brackets or minus signs. `negative` says whether negative amounts are
    refunds, `guests` what becomes of rows without a customer, `amount_without` what has to be added to the amount;
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
    only: Names[str, Sequence[str]] = field(default_factory=dict)
    leave_out: Names[str, Sequence[str]] = field(default_factory=dict)

    @property
    def targets(self) -> set[str]:
        """What a row says."""
        return {field.target for field in self.fields}

    @property
    def width(self) -> int:
        """How long a line of fixed width must be."""
        return max(field.end for field in self.fields)


class Settings(TypedDict):
    """How the file is written, without where its values stand."""

    format: str
    encoding: str
    delimiter: str
    quote: str
    header: bool
    skip_lines: int
    decimal: str
    thousands: str
    time_zone: str
    country: str
    enrol: bool
    final_line_end: bool
    signs: bool
    negative: str
    guests: str
    amount_without: list[str]
    only: dict[str, list[str]]
    leave_out: dict[str, list[str]]


DEFAULTS: Settings = {
    "format": "csv",
    "encoding": "utf-8",
    "delimiter": ",",
    "quote": '"',
    "header": True,
    "skip_lines": 0,
    "decimal": ".",
    "thousands": "",
    "time_zone": "",
    "country": "",
    "enrol": False,
    "final_line_end": True,
    "signs": False,
    "negative": "refuse",
    "guests": "pass_over",
    "amount_without": [],
    "only": {},
    "leave_out": {},
}
NAMES = (*DEFAULTS, "fields", "constants", "comment")
