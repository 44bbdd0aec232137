"""What does a record mean? Texts become an Activity, or a list of what is wrong with them."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from loyalty_site.lib import money, notation, quantities
from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.texts import parts_of
from members.lookup import notations
from partners.activity import Line
from programs.configuration import Configuration
from transactions.imports import amounts, cells, moments, sums
from transactions.imports.counting import check_counts, check_names_somebody
from transactions.imports.mapping import IDENTIFIERS, IDENTIFYING, LOOKED_UP_AS, MONEY, PERSON
from transactions.imports.mapping import Mapping as FileMapping
from transactions.imports.records import Columns, Record
from transactions.imports.spreadsheets import altered

T = TypeVar("T")

#: Only the last dates seen: a file's dates repeat, but its instants need not.
_REMEMBERED = 5000
#: A quantity of at most so many digits and nothing else is read at once.
_PLAIN_DIGITS = 9


class Reader:
    """Turns the texts of a file into Records, by a mapping and the terms of a program."""

    def __init__(self, mapping: FileMapping, configuration: Configuration) -> None:
        self.mapping = mapping
        self.targets = ["external_id" if one.target == "order" else one.target for one in mapping.fields]
        self.formats = {target: one.format for target, one in zip(self.targets, mapping.fields, strict=True)}
        self.zone = ZoneInfo(mapping.time_zone) if mapping.time_zone else configuration.zone
        self.money = configuration.money
        self.decimals = money.exponent(configuration.money)
        self.has_line = bool({"sku", "category", "quantity", "labels"} & {*self.targets, *mapping.constants})
        self.constants = {"kind": "purchase", **mapping.constants}
        self.country = mapping.country or configuration.country
        self.identifiers = [name for name in IDENTIFIERS if name in self.targets]
        self.moment = lru_cache(_REMEMBERED)(self._moment)

    def read(self, line: int, texts: Iterable[str]) -> tuple[Record | None, list[Refusal]]:
        """(Record, []) or (None, [Refusal, …]): everything that is wrong with it, not only the first."""
        values = {**self.constants, **dict(zip(self.targets, texts, strict=True))}
        values["money"] = values.get("money", "").upper()
        check_counts(values, self.mapping)
        problems: list[Refusal] = []

        def take(convert: Callable[..., T], name: str, *rest: str) -> T | None:
            try:
                return convert(name, values.get(name, ""), *rest)
            except Refused as refused:
                problems.append(refused.refusal)
                return None

        # What is empty is not said: of a part that is 0, of the amount it is for the ledger to say what it means.
        said = {name: take(self._money, name, values["money"]) or 0 for name in MONEY if values.get(name)}
        moment = take(self.moment, "date", values.get("time", ""))
        quantity = (take(self._quantity, "quantity") or 0) if "quantity" in values else quantities.UNIT
        member = self._member(values)
        spoiled = list(altered(values, IDENTIFYING))
        problems += spoiled
        if not spoiled:
            check_names_somebody(member, self.mapping)
        if not member:
            names = " or ".join(self.identifiers)
            problems.append(
                Refusal("member_missing", f"The row names no member ({names}).", field=self.identifiers[0])
            )
        if "external_id" in self.formats and not values["external_id"]:
            problems.append(Refusal("external_id_missing", "The row has no external_id.", field="external_id"))
        person = self._person(values, take) if self.mapping.enrol else {}
        if problems or moment is None:
            return None, problems
        try:
            return self._record(line, values, said, moment, quantity, person), []
        except Refused as refused:
            return None, [refused.refusal]

    def _record(
        self,
        line: int,
        values: Mapping[str, str],
        said: Mapping[str, int],
        moment: tuple[str, datetime],
        quantity: int,
        person: Mapping[str, str | date],
    ) -> Record:
        """The Record of values that are fine, each by itself. Raises Misread where they do not go together."""
        (wall, at), member = moment, self._member(values)
        refund = sums.refund_of(values, said, self.mapping)
        is_own = bool(refund and refund.is_own)
        total = sums.total(said, self.mapping, is_refund=is_own)
        sums.check_refund(refund, total, values["money"] or self.money, self.decimals)
        columns = self._columns(values, member, at, total, quantity)
        external_id, key, former_key = values.get("external_id", ""), "", ""
        if refund and is_own:
            key = _key({**values, "kind": f"refund {external_id} {refund.order}"}, {}, wall, said, quantity)
            external_id = ""
        elif not external_id:
            alike = {kind: (notations(kind, text)[-1:] or [text])[0] for kind, text in member.items()}
            key = _key(values, alike, wall, said, quantity)
            former_key = _key(values, member, wall, said, quantity) if alike != member else ""
        customer = member.get("external_id", "")
        return Record(line, external_id, key, customer, person, columns, former_key, refund)

    def read_rows(self, line: int, rows: Sequence[list[str]]) -> tuple[Record | None, list[Refusal]]:
        """As `read`, of all rows of a purchase: here each row is one."""
        return self.read(line, rows[0])

    def _columns(
        self, values: Mapping[str, str], member: dict[str, str], at: datetime, total: Mapping[str, int], quantity: int
    ) -> Columns:
        return {
            "kind": values["kind"],
            "member": member,
            "activity_at": at,
            "amount": total.get("amount"),
            "money": values.get("money", ""),
            "tax": total.get("tax", 0),
            "shipping": total.get("shipping", 0),
            "shipping_tax": sums.shipping_tax(total, self.mapping),
            "gift_card": total.get("gift_card", 0),
            "points_value": total.get("points_value", 0),
            "lines": self._lines(values, total, quantity) if self.has_line else (),
            "channel": values.get("channel", ""),
            "partner": values.get("partner", ""),
            "store": values.get("store", ""),
            "code": values.get("code", ""),
        }

    def _member(self, values: Mapping[str, str]) -> dict[str, str]:
        """Who is meant; where customers are enrolled, what the file calls them decides alone."""
        if self.mapping.enrol and values.get("customer"):
            return {"external_id": values["customer"]}
        found = {LOOKED_UP_AS.get(name, name): values[name] for name in self.identifiers if values.get(name)}
        return found | ({"phone": self._phone(found["phone"])} if "phone" in found else {})

    def _phone(self, text: str) -> str:
        """A number without the code of its country with it; what is none is left to who knows whether it matters."""
        if self.country and notation.is_national_phone(text):
            with suppress(notation.NoPhone):
                return notation.phone(text, self.country)
        return text

    def _lines(self, values: Mapping[str, str], total: Mapping[str, int], quantity: int) -> tuple[Line]:
        shipping = total.get("shipping", 0)
        amount = max(0, total.get("amount", 0) - shipping)
        tax = sums.tax_of_goods(total.get("tax", 0), shipping, sums.shipping_tax(total, self.mapping))
        whole, part = quantities.split(quantity)
        named = values.get("sku", ""), values.get("category", "")
        labels = parts_of(values.get("labels", ""))
        return (Line(*named, whole, amount, tax, thousandths=part, labels=labels),)

    def _person(self, values: Mapping[str, str], take: cells.Take) -> dict[str, str | date]:
        person: dict[str, str | date] = {name: values[name] for name in (*PERSON, "email") if values.get(name)}
        if values.get("birth_date"):
            born = take(self._birth_date, "birth_date")
            if born:
                person["birth_date"] = born
        if values.get("phone"):
            person["phone"] = self._phone(values["phone"])
        return person

    def _money(self, name: str, text: str, iso: str = "") -> int:
        """Minor units, with the decimals of the program's money, negative where the mapping allows it.

        `iso` is the currency that the row names, "" for the program's.
        """
        return amounts.read(name, text, self.mapping, iso or self.money, self.decimals)

    def _quantity(self, name: str, text: str) -> int:
        """Thousandths of a unit."""
        if text.isascii() and text.isdigit() and len(text) <= _PLAIN_DIGITS:
            return int(text) * quantities.UNIT
        try:
            found = quantities.parse(
                cells.number(name, text, self.mapping), largest=10**_PLAIN_DIGITS * quantities.UNIT
            )
        except money.BadNumber:
            found = -1
        if found < 0:
            raise cells.Misread("Write a number of units with at most three decimals, 0 or more.", field=name)
        return found

    def _moment(self, name: str, text: str, clock: str) -> tuple[str, datetime]:
        """(what the wall clock shows, the instant). A date without a time counts from its first instant."""
        found = cells.parsed(name, text, self.formats[name], moments.read_date)
        if clock:
            at = cells.parsed("time", clock, self.formats["time"], moments.read_time)
            _check_alike(found, at)
            # Either column may be the one that names the offset.
            found = datetime.combine(found.date(), at, tzinfo=at.tzinfo or found.tzinfo)
        elif found.tzinfo is None and found.time() == time.min:
            return found.isoformat(), cells.instant(name, found, self.zone)
        if found.tzinfo is None:
            # Said to be midnight by a column of its own, it is that midnight.
            return found.isoformat(), cells.safely(name, lambda: found.replace(tzinfo=self.zone).astimezone(UTC))
        instant = cells.instant(name, found, self.zone)
        return instant.isoformat(), instant

    def _birth_date(self, name: str, text: str) -> date:
        return cells.parsed(name, text, self.formats[name], moments.read_day)


def _check_alike(day: datetime, clock: time) -> None:
    """Raises Misread where the columns of the date and of the time both name an offset, or a time, and differ."""
    what = ""
    if None not in (clock.tzinfo, day.tzinfo) and clock.utcoffset() != day.utcoffset():
        what = "offsets"
    elif day.time() not in (time.min, clock.replace(tzinfo=None)):
        # Midnight is what systems write that keep dates with a time which nobody has said.
        what = "times"
    if what:
        detail = f"The date and the time name different {what}; correct one, or leave one of them out."
        raise cells.Misread(detail, field="time")


def _key(
    values: Mapping[str, str], member: Mapping[str, str], wall: str, said: Mapping[str, int], quantity: int
) -> str:
    """A name for the row that does not depend on its file, its place in it or the notation of its values.

    What else the row says (store, channel, …) stays out: a mapping that learns one more column must not make
    new facts of old rows.
    """
    units = quantities.text(quantity)
    parts = (values["kind"], *sorted(member.items()), wall, said.get("amount", 0), values.get("sku", ""), units)
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).hexdigest()
