"""What does a record mean? Texts become an Activity, or a list of what is wrong with them."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from loyalty_site.lib import money
from loyalty_site.lib.refusals import Refusal, Refused
from partners.activity import Activity, Line
from programs import periods
from transactions.imports.mapping import IDENTIFIERS, ISO, MONEY, PERSON

_IDENTIFIER_KEYS = {"customer": "external_id"}
_COPIED = ("kind", "money", "channel", "partner", "store", "code")
#: Only the last dates seen: a file's dates repeat, but its instants need not.
_REMEMBERED = 5000
_LONGEST_QUANTITY = 9


class Misread(Refused):
    code = "invalid_value"


@dataclass(slots=True)
class Row:
    """One record. `columns` are those of its Activity except the external id; `key` names it when it has none.

    `customer` and `person` describe who would be enrolled.
    """

    line: int
    external_id: str
    key: str
    customer: str
    columns: dict
    person: dict
    activity: Activity | None = None

    def settle(self, ordinal):
        """Make the Activity; equal rows are told apart by their `ordinal`, from 1."""
        external_id = self.external_id or f"row-{self.key}-{ordinal}"
        self.activity = Activity(external_id=external_id, **self.columns)


class Reader:
    """Turns records into rows, by a mapping and the terms of a program."""

    def __init__(self, mapping, configuration):
        self.mapping = mapping
        self.targets = [field.target for field in mapping.fields]
        self.formats = {field.target: field.format for field in mapping.fields}
        self.zone = ZoneInfo(mapping.time_zone) if mapping.time_zone else configuration.zone
        self.decimals = money.exponent(configuration.money)
        self.has_line = bool({"sku", "category", "quantity"} & {*self.targets, *mapping.constants})
        self.constants = {"kind": "purchase"} | mapping.constants
        self.identifiers = ("customer",) if mapping.enrol else IDENTIFIERS
        self.moment = lru_cache(_REMEMBERED)(self._moment)

    def read(self, line, texts):
        """(Row, []) or (None, [Refusal, …]): everything that is wrong with the record, not only the first."""
        values = {**self.constants, **dict(zip(self.targets, texts, strict=True))}
        problems = []

        def take(convert, name, *rest):
            try:
                return convert(name, values.get(name, ""), *rest)
            except Refused as refused:
                problems.append(refused.refusal)
                return None

        sums = {name: take(self._money, name) for name in MONEY if name in values}
        wall, at = take(self.moment, "date", values.get("time", "")) or ("", None)
        quantity = take(self._quantity, "quantity") if "quantity" in values else 1
        member = self._member(values)
        if not member:
            names = " or ".join(self.identifiers)
            problems.append(
                Refusal("member_missing", f"The row names no member ({names}).", field=self.identifiers[0])
            )
        if "external_id" in self.formats and not values["external_id"]:
            problems.append(Refusal("external_id_missing", "The row has no external_id.", field="external_id"))
        person = self._person(values, take) if self.mapping.enrol else {}
        if problems:
            return None, problems
        columns = {name: values.get(name, "") for name in _COPIED} | sums | {"activity_at": at, "member": member}
        if self.has_line:
            columns["lines"] = self._lines(values, sums, quantity)
        key = "" if values.get("external_id") else _key(values, member, wall, sums, quantity)
        return Row(line, values.get("external_id", ""), key, values.get("customer", ""), columns, person), []

    def _member(self, values):
        return {_IDENTIFIER_KEYS.get(name, name): values[name] for name in self.identifiers if values.get(name)}

    def _lines(self, values, sums, quantity):
        amount = max(0, sums.get("amount", 0) - sums.get("shipping", 0))
        return (Line(values.get("sku", ""), values.get("category", ""), quantity, amount, sums.get("tax", 0)),)

    def _person(self, values, take):
        person = {name: values[name] for name in (*PERSON, "email", "phone") if values.get(name)}
        if values.get("birth_date"):
            person["birth_date"] = take(self._birth_date, "birth_date")
        return person

    def _money(self, name, text):
        """Minor units of the program's money."""
        text = self._plain(name, text)
        whole, _, part = text.partition(".")
        digits = whole + part
        # The ordinary number, told apart from all others without a regular expression and a Decimal.
        if whole and len(part) == self.decimals and len(digits) <= 15 and digits.isascii() and digits.isdigit():
            return int(digits)
        if text.startswith("-"):
            raise Misread("A negative amount is no purchase: leave it out and reverse the purchase.", field=name)
        return money.parse(text, self.decimals, field=name)

    def _plain(self, name, text):
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

    def _quantity(self, name, text):
        if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_QUANTITY):
            raise Misread("Write a whole number.", field=name)
        return int(text)

    def _moment(self, name, text, clock):
        """(what the wall clock shows, the instant). A date without a time counts from its first instant."""
        pattern = self.formats[name]
        found = _parsed(text, pattern, datetime, name)
        if clock:
            told = _parsed(clock, self.formats["time"], time, "time")
            found = datetime.combine(found.date(), told)
        elif found.tzinfo is None and found.time() == time.min:
            return found.isoformat(), _safely(name, lambda: periods.start_of_day(found.date(), self.zone))
        if found.tzinfo is None:
            return found.isoformat(), _safely(name, lambda: found.replace(tzinfo=self.zone).astimezone(UTC))
        at = _safely(name, lambda: found.astimezone(UTC))
        return at.isoformat(), at

    def _birth_date(self, name, text):
        return _parsed(text, self.formats[name], date, name)


def _parsed(text, pattern, kind, name):
    """`text` as a datetime, date or time. Raises Misread."""
    try:
        if pattern == ISO:
            return kind.fromisoformat(text)
        found = datetime.strptime(text, pattern)
    except ValueError:
        what = "2026-12-31 or 2026-12-31T18:30:00" if pattern == ISO else pattern
        raise Misread(f"There is no such {name}; it is read as {what}.", field=name) from None
    return {datetime: lambda: found, date: found.date, time: found.time}[kind]()


def _safely(name, compute):
    """The calendar ends in the years 1 and 9999."""
    try:
        return compute()
    except (OverflowError, ValueError):
        raise Misread("The date lies outside the calendar.", field=name) from None


def _key(values, member, wall, sums, quantity):
    """A name for the row that does not depend on its file, its place in it or the notation of its values.

    What else the row says (store, channel, …) stays out: a mapping that learns one more column must not make
    new facts of old rows.
    """
    parts = (values["kind"], *sorted(member.items()), wall, sums.get("amount", 0), values.get("sku", ""), quantity)
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).hexdigest()
