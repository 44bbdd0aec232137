"""What does a record mean? Texts become an Activity, or a list of what is wrong with them."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import NamedTuple, Protocol, TypedDict, TypeVar
from zoneinfo import ZoneInfo

from loyalty_site.lib import money, notation, quantities
from loyalty_site.lib.refusals import Refusal, Refused
from members.lookup import notations
from partners.activity import Activity, Line
from programs import periods
from programs.configuration import Configuration
from transactions.imports import moments
from transactions.imports.mapping import IDENTIFIERS, MONEY, PERSON
from transactions.imports.mapping import Mapping as FileMapping
from transactions.imports.spreadsheets import altered

T = TypeVar("T")

_IDENTIFIER_KEYS = {"customer": "external_id"}
#: Only the last dates seen: a file's dates repeat, but its instants need not.
_REMEMBERED = 5000
#: A quantity of at most so many digits and nothing else is read at once.
_PLAIN_DIGITS = 9
#: How what is read by `iso` looks.
_EXAMPLES = {
    "date": "2026-12-31, 2026-12-31T18:30:00 or 2026-12-31 18:30:00 +02:00",
    "time": "18:30, 18:30:00 or 18:30 +02:00",
    "birth_date": "2026-12-31",
}


class Misread(Refused):
    """A cell does not say what its column is for."""

    code = "invalid_value"


class Columns(TypedDict):
    """What a record says of its Activity, all but the external id."""

    kind: str
    member: dict[str, str]
    activity_at: datetime
    amount: int | None
    money: str
    tax: int
    shipping: int
    gift_card: int
    points_value: int
    lines: tuple[Line, ...]
    channel: str
    partner: str
    store: str
    code: str


class Row(NamedTuple):
    """One record with the Activity that it is, at the instant `at`.

    `customer` is what the file calls the member ("" where it names them otherwise) and `person` the columns of a new
    Customer: who would be enrolled. `former_id` is the external id under which an earlier version, which compared
    members as they were written, would have recorded it; "" where that is no other one.
    """

    line: int
    activity: Activity
    at: datetime
    customer: str
    person: Mapping[str, str | date]
    former_id: str = ""


class Record(NamedTuple):
    """One record as it was read; `key` names it when it has no `external_id`, `former_key` did so before."""

    line: int
    external_id: str
    key: str
    customer: str
    person: Mapping[str, str | date]
    columns: Columns
    former_key: str = ""

    def row(self, ordinal: int) -> Row:
        """The Row. Its `ordinal`, from 1, distinguishes it from equal records."""
        external_id = self.external_id or f"row-{self.key}-{ordinal}"
        activity = Activity(external_id=external_id, **self.columns)
        former_id = f"row-{self.former_key}-{ordinal}" if self.former_key else ""
        return Row(self.line, activity, self.columns["activity_at"], self.customer, self.person, former_id)


class Take(Protocol):
    """Converts the value of a name; what is refused is noted, and None instead of it."""

    def __call__(self, convert: Callable[..., T], name: str, *rest: str) -> T | None: ...


class Reader:
    """Turns the texts of a file into Records, by a mapping and the terms of a program."""

    def __init__(self, mapping: FileMapping, configuration: Configuration) -> None:
        self.mapping = mapping
        self.targets = ["external_id" if one.target == "order" else one.target for one in mapping.fields]
        self.formats = {target: one.format for target, one in zip(self.targets, mapping.fields, strict=True)}
        self.zone = ZoneInfo(mapping.time_zone) if mapping.time_zone else configuration.zone
        self.decimals = money.exponent(configuration.money)
        self.has_line = bool({"sku", "category", "quantity"} & {*self.targets, *mapping.constants})
        self.constants = {"kind": "purchase", **mapping.constants}
        self.country = mapping.country or configuration.country
        self.identifiers = [name for name in IDENTIFIERS if name in self.targets]
        self.moment = lru_cache(_REMEMBERED)(self._moment)

    def read(self, line: int, texts: Iterable[str]) -> tuple[Record | None, list[Refusal]]:
        """(Record, []) or (None, [Refusal, …]): everything that is wrong with it, not only the first."""
        values = {**self.constants, **dict(zip(self.targets, texts, strict=True))}
        problems: list[Refusal] = []

        def take(convert: Callable[..., T], name: str, *rest: str) -> T | None:
            try:
                return convert(name, values.get(name, ""), *rest)
            except Refused as refused:
                problems.append(refused.refusal)
                return None

        sums = {name: take(self._money, name) or 0 for name in MONEY if name in values}
        moment = take(self.moment, "date", values.get("time", ""))
        quantity = (take(self._quantity, "quantity") or 0) if "quantity" in values else quantities.UNIT
        member = self._member(values)
        if not member:
            names = " or ".join(self.identifiers)
            problems.append(
                Refusal("member_missing", f"The row names no member ({names}).", field=self.identifiers[0])
            )
        problems += altered(values)
        if "external_id" in self.formats and not values["external_id"]:
            problems.append(Refusal("external_id_missing", "The row has no external_id.", field="external_id"))
        person = self._person(values, take) if self.mapping.enrol else {}
        if problems or moment is None:
            return None, problems
        wall, at = moment
        columns = self._columns(values, member, at, sums, quantity)
        external_id, customer = values.get("external_id", ""), member.get("external_id", "")
        key = former_key = ""
        if not external_id:
            alike = {kind: (notations(kind, text)[-1:] or [text])[0] for kind, text in member.items()}
            key = _key(values, alike, wall, sums, quantity)
            former_key = _key(values, member, wall, sums, quantity) if alike != member else ""
        return Record(line, external_id, key, customer, person, columns, former_key), []

    def read_rows(self, line: int, rows: Sequence[list[str]]) -> tuple[Record | None, list[Refusal]]:
        """As `read`, of all rows of a purchase: here each row is one."""
        return self.read(line, rows[0])

    def _columns(
        self, values: Mapping[str, str], member: dict[str, str], at: datetime, sums: Mapping[str, int], quantity: int
    ) -> Columns:
        return {
            "kind": values["kind"],
            "member": member,
            "activity_at": at,
            "amount": sums.get("amount"),
            "money": values.get("money", ""),
            "tax": sums.get("tax", 0),
            "shipping": sums.get("shipping", 0),
            "gift_card": sums.get("gift_card", 0),
            "points_value": sums.get("points_value", 0),
            "lines": self._lines(values, sums, quantity) if self.has_line else (),
            "channel": values.get("channel", ""),
            "partner": values.get("partner", ""),
            "store": values.get("store", ""),
            "code": values.get("code", ""),
        }

    def _member(self, values: Mapping[str, str]) -> dict[str, str]:
        """Who is meant; where customers are enrolled, what the file calls them decides alone."""
        if self.mapping.enrol and values.get("customer"):
            return {"external_id": values["customer"]}
        found = {_IDENTIFIER_KEYS.get(name, name): values[name] for name in self.identifiers if values.get(name)}
        return found | ({"phone": self._phone(found["phone"])} if "phone" in found else {})

    def _phone(self, text: str) -> str:
        """A number without the code of its country with it; what is none is left to who knows whether it matters."""
        if self.country and notation.is_national_phone(text):
            with suppress(notation.NoPhone):
                return notation.phone(text, self.country)
        return text

    def _lines(self, values: Mapping[str, str], sums: Mapping[str, int], quantity: int) -> tuple[Line]:
        amount = max(0, sums.get("amount", 0) - sums.get("shipping", 0))
        whole, part = quantities.split(quantity)
        return (
            Line(
                values.get("sku", ""), values.get("category", ""), whole, amount, sums.get("tax", 0), thousandths=part
            ),
        )

    def _person(self, values: Mapping[str, str], take: Take) -> dict[str, str | date]:
        person: dict[str, str | date] = {name: values[name] for name in (*PERSON, "email") if values.get(name)}
        if values.get("birth_date"):
            born = take(self._birth_date, "birth_date")
            if born:
                person["birth_date"] = born
        if values.get("phone"):
            person["phone"] = self._phone(values["phone"])
        return person

    def _money(self, name: str, text: str) -> int:
        """Minor units of the program's money."""
        text = self._plain(name, text)
        whole, _, part = text.partition(".")
        digits = whole + part
        # The ordinary number, recognised without a regular expression and a Decimal.
        if whole and len(part) == self.decimals and len(digits) <= 15 and digits.isascii() and digits.isdigit():
            return int(digits)
        if text.startswith("-"):
            raise Misread("A negative amount is no purchase: leave it out and reverse the purchase.", field=name)
        return money.parse(text, self.decimals, field=name)

    def _plain(self, name: str, text: str) -> str:
        """A number in the mapping's own notation as one with a decimal point."""
        mapping = self.mapping
        if not text:
            raise Misread("The cell is empty; write a number.", field=name)
        if mapping.thousands and mapping.thousands in text:
            groups, sign, rest = text.partition(mapping.decimal)
            if not re.fullmatch(rf"-?\d{{1,3}}({re.escape(mapping.thousands)}\d{{3}})+", groups):
                raise Misread(f"“{mapping.thousands}” does not stand between thousands here.", field=name)
            text = groups.replace(mapping.thousands, "") + sign + rest
        if mapping.decimal == ",":
            if "." in text:
                raise Misread("The mapping says that the decimal sign is a comma; here is a point.", field=name)
            text = text.replace(",", ".")
        return text

    def _quantity(self, name: str, text: str) -> int:
        """Thousandths of a unit."""
        if text.isascii() and text.isdigit() and len(text) <= _PLAIN_DIGITS:
            return int(text) * quantities.UNIT
        try:
            found = quantities.parse(self._plain(name, text), largest=10**_PLAIN_DIGITS * quantities.UNIT)
        except money.BadNumber:
            found = -1
        if found < 0:
            raise Misread("Write a number of units with at most three decimals, 0 or more.", field=name)
        return found

    def _moment(self, name: str, text: str, clock: str) -> tuple[str, datetime]:
        """(what the wall clock shows, the instant). A date without a time counts from its first instant."""
        found = _parsed(name, text, self.formats[name], moments.read_date)
        if clock:
            at = _parsed("time", clock, self.formats["time"], moments.read_time)
            # Either column may be the one that names the offset.
            found = datetime.combine(found.date(), at, tzinfo=at.tzinfo or found.tzinfo)
        elif found.tzinfo is None and found.time() == time.min:
            return found.isoformat(), _safely(name, lambda: periods.start_of_day(found.date(), self.zone))
        if found.tzinfo is None:
            return found.isoformat(), _safely(name, lambda: found.replace(tzinfo=self.zone).astimezone(UTC))
        instant = _safely(name, lambda: found.astimezone(UTC))
        return instant.isoformat(), instant

    def _birth_date(self, name: str, text: str) -> date:
        return _parsed(name, text, self.formats[name], moments.read_day)


def _parsed(name: str, text: str, pattern: str, read: Callable[[str, str], T]) -> T:
    """What `text` says by the pattern. Raises Misread."""
    try:
        return read(text, pattern)
    except ValueError:
        what = _EXAMPLES[name] if pattern == moments.ISO else pattern
        what += " (by %Z: UTC or GMT; other names have several offsets)" if "%Z" in pattern else ""
        raise Misread(f"There is no such {name}; it is read as {what}.", field=name) from None


def _safely(name: str, compute: Callable[[], T]) -> T:
    """The calendar ends in the years 1 and 9999."""
    try:
        return compute()
    except (OverflowError, ValueError):
        raise Misread("The date lies outside the calendar.", field=name) from None


def _key(
    values: Mapping[str, str], member: Mapping[str, str], wall: str, sums: Mapping[str, int], quantity: int
) -> str:
    """A name for the row that does not depend on its file, its place in it or the notation of its values.

    What else the row says (store, channel, …) stays out: a mapping that learns one more column must not make
    new facts of old rows.
    """
    units = quantities.text(quantity)
    parts = (values["kind"], *sorted(member.items()), wall, sums.get("amount", 0), values.get("sku", ""), units)
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).hexdigest()
