"""What is asked of somebody who takes back a purchase or a redemption, and what is shown before it is done?"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django import forms
from django.contrib.auth.models import User

from loyalty_site.lib import money, quantities
from loyalty_site.lib.admin import dressed
from loyalty_site.lib.panels import amount, points
from loyalty_site.lib.quantity_field import QuantityField
from loyalty_site.lib.refusals import Refused
from partners import paid
from partners.activity import Activity, Refunded, Reversal
from partners.paid import PaidLine
from partners.stored import load
from programs.models import Currency, Program
from transactions.admin.dialogs import OnceForm, PreviewForm
from transactions.admin.lookups import journal_of
from transactions.admin.posting import post
from transactions.admin.wording import points_in_words
from transactions.books.refunded import Share, lines_of
from transactions.models import Entry, Journal, JournalLine
from transactions.models.journal_traces import RefundTrace


class NothingToRefund(Refused):
    """No part was chosen, or a part and everything at once."""

    code = "invalid_number"


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of one line of a purchase."""

    line: JournalLine
    paid: PaidLine

    @property
    def is_weighed(self) -> bool:
        """Whether parts of a piece may come back."""
        return bool(self.line.thousandths)

    def back(self, thousandths: int) -> Refunded:
        """The Refunded of so many thousandths of a piece, with what was paid for them.

        A line that counts no pieces, as of what was sold by weight without its weight, is one and comes back whole.
        """
        whole, part = quantities.split(min(thousandths, self.line.in_thousandths))
        return Refunded(self.line.position, self.paid.due(quantities.exact(thousandths)), whole, thousandths=part)

    @property
    def name(self) -> str:
        """What the line is called on the page."""
        line = self.line
        return line.sku or line.category or f"line {line.position + 1}"

    def __str__(self) -> str:
        return f"{self.line.position + 1}. {self.name}"


class RefundForm(PreviewForm, OnceForm):
    """Pieces of lines, shipping, an amount of money beside them, or everything; of a redemption, points."""

    shipping = forms.CharField(max_length=30, required=False, label="Shipping that comes back")
    shipping_tax = forms.CharField(
        max_length=30,
        required=False,
        label="Tax in that shipping",
        help_text="Left empty, it is its share of the tax on shipping.",
    )
    amount = forms.CharField(max_length=30, required=False)
    points = forms.CharField(max_length=30, required=False, help_text="How many of the spent points come back.")
    everything = forms.BooleanField(required=False, label="Everything that is left")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        journal = self.journal
        for left in self.lines:
            self.fields[self.name_of(left)] = dressed(_pieces(left, journal.money))
        rest = amount(journal.amount - journal.reversed_amount, journal.money or journal.program.money)
        beside = "Money that comes back beside the lines above" if self.lines else "Money that comes back"
        self.fields["amount"].help_text = f"{beside}, for example 12.50. {rest} is left."
        del self.fields["amount" if journal.kind == Journal.Kind.REDEMPTION else "points"]
        self._offer_shipping()
        own = ["shipping", "shipping_tax", "amount", "points", "everything", "reason", "agreed"]
        self.order_fields([*map(self.name_of, self.lines), *own])

    def _offer_shipping(self) -> None:
        """The fields for shipping, as far as some is left; that for its tax where shipping has any."""
        left = self.order.shipping - sum(share.shipping for share in self.shares) if self.order else 0
        if not left:
            del self.fields["shipping"], self.fields["shipping_tax"]
            return
        self.fields["shipping"].help_text = f"Tax included. {amount(left, self.journal.money)} is left."
        if not self.order or not paid.shipping_tax(self.order):
            del self.fields["shipping_tax"]

    @cached_property
    def journal(self) -> Journal:
        """The transaction whose page it is."""
        return journal_of(self.object_id)

    @cached_property
    def order(self) -> Activity | None:
        """The purchase as it was reported; None for a redemption."""
        return load(Activity, self.journal.payload) if self.journal.kind == Journal.Kind.ACCRUAL else None

    @cached_property
    def shares(self) -> list[Share]:
        """What the refunds of a purchase have brought back so far."""
        traces: list[RefundTrace] = [reversal.trace for reversal in self.journal.reversals.all()]
        return [Share.read(share) for trace in traces if (share := trace.get("share"))]

    @cached_property
    def lines(self) -> list[Left]:
        """What is left of each line of which something is left."""
        if not self.order:
            return []
        paid_lines = paid.left_of_lines(self.order, lines_of(self.shares))
        rows = self.journal.lines.select_related("product")
        return [Left(row, one) for row in rows if (one := paid_lines[row.position]).pieces > 0]

    @staticmethod
    def name_of(left: Left) -> str:
        """The name of the field for the pieces of a line."""
        return f"line_{left.line.position}"

    def to_reversal(self) -> Reversal:
        """The Reversal that the form says. Raises BadNumber, NothingToRefund."""
        cleaned = self.cleaned_data
        field = "points" if "points" in self.fields else "amount"
        names = [name for name in (field, "shipping", "shipping_tax") if name in self.fields]
        part: dict[str, Any] = {name: units for name in names if (units := self._units(name)) is not None}
        chosen = [(left, cleaned[self.name_of(left)]) for left in self.lines]
        if lines := tuple(left.back(quantities.parse(f"{pieces:f}")) for left, pieces in chosen if pieces):
            part["lines"] = lines
        if bool(part) == cleaned["everything"]:
            what = "Choose either everything, or a part." if part else "Write how much comes back."
            raise NothingToRefund(what, field=field)
        return Reversal(cleaned["external_id"], self.journal.pk, reason=cleaned["reason"], **part)

    def _units(self, field: str) -> int | None:
        text, decimals = self.cleaned_data[field].strip(), money.exponent(self.journal.money)
        if not text:
            return None
        if field == "points":
            decimals = _currency_of(self.journal).decimals
        units = money.parse(text, decimals, field=field)
        if units < 1 and field != "shipping_tax":
            raise NothingToRefund("Write how much comes back.", field=field)
        return units


def _pieces(left: Left, iso: str) -> QuantityField:
    line, own = left.line, left.paid
    rest, all_of_it = quantities.text_of(own.pieces), quantities.text_of(own.all_pieces)
    worth = amount(own.money, iso)
    label = f"{left}, {line.product.name}" if line.product else str(left)
    if left.is_weighed:
        return QuantityField(
            required=False,
            max_value=Decimal(rest),
            label=label,
            help_text=f"How much comes back: up to {rest} of {all_of_it}, {worth} together.",
        )
    many = f"How many come back: up to {rest} of {all_of_it} pieces, {worth} together."
    return QuantityField(
        is_whole=True,
        required=False,
        max_value=int(own.pieces),
        label=label,
        help_text=many if own.all_pieces > 1 else f"Write 1 when it comes back, for {worth}.",
    )


def agreed(form: RefundForm, user: User) -> Reversal | None:
    """The Reversal when it was shown and agreed to, else None: the form shows what it would do. Raises Refused."""
    item = form.to_reversal()
    result = post(item, form.journal.program, user, dry_run=True)
    if result.status == "replayed":
        return item
    preview = list(_effects(form, item, result.answer or {}))
    key = hashlib.sha256("\n".join(preview).encode()).hexdigest()
    if form.is_agreed(key):
        return item
    form.ask(key, preview)
    return None


def _effects(form: RefundForm, item: Reversal, answer: dict[str, Any]) -> Iterator[str]:
    """What the refund would do, as sentences."""
    program = form.journal.program
    yield f"Comes back: {', '.join(_what(form, item))}."
    moved = answer["points"]
    reversed_amount = points_in_words(program, {code: -units for code, units in moved.items() if units < 0})
    given = points_in_words(program, {code: units for code, units in moved.items() if units > 0})
    if reversed_amount or not given:
        yield f"Taken back: {reversed_amount or 'no points'}."
    if groups := answer.get("clawback_of_groups"):
        shares = "; ".join(points_in_words(program, part) for part in groups.values())
        yield f"Of these, groups of the member bear: {shares}."
    if given:
        yield f"The member gets {given}."
    if answer.get("restored"):
        yield f"Of the points that paid for it, {_restored(program, answer['restored'])} come back to the member."
    if answer.get("restored") and answer["restored_value"]:
        yield f"They had paid {answer['restored_value']} {program.money}: pay out the rest only."
    if unrecovered := points_in_words(program, {code: n for code, n in answer["unrecovered"].items() if n}):
        yield f"Spent before, so not taken back: {unrecovered}."
    yield f"The member then has {points_in_words(program, answer['balances']) or 'no points'}."


def _what(form: RefundForm, item: Reversal) -> Iterator[str]:
    iso = form.journal.money
    if item.points is not None:
        currency = _currency_of(form.journal)
        yield f"{points(item.points, currency)} {currency.name}"
        return
    lines = {left.line.position: left for left in form.lines}
    for back in item.lines:
        pieces = quantities.text(back.in_thousandths or quantities.UNIT)
        yield f"{pieces} × {lines[back.position].name} ({amount(back.amount, iso)})"
    if item.shipping is not None:
        yield f"shipping ({amount(item.shipping, iso)})"
    if item.amount is not None:
        yield amount(item.amount, iso)
    if form.cleaned_data["everything"]:
        yield "everything that is left"


def _currency_of(redemption: Journal) -> Currency:
    """The currency that was spent."""
    entry: Entry = redemption.entries.select_related("currency")[0]
    return entry.currency


def _restored(program: Program, units: int) -> str:
    """So many redeemed points; they are of the currency that is spent, which the answer does not name."""
    spendable = [one for one in program.currencies.all() if one.kind == Currency.Kind.SPENDABLE]
    return f"{points(units, spendable[0])} {spendable[0].name}" if len(spendable) == 1 else "some"
