"""What is asked of somebody who takes back a purchase or a redemption, and what is shown before it is done?"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from django import forms

from loyalty_site.lib import money
from loyalty_site.lib.admin import dressed
from loyalty_site.lib.panels import amount, points
from loyalty_site.lib.refusals import Refused
from partners.activity import Refunded, Reversal
from programs.models import Currency
from transactions.admin.dialogs import DeedForm, SeenFirst, journal_of, post, taken, told
from transactions.books.refunded import Share
from transactions.models import Journal, JournalLine


class NothingToRefund(Refused):
    code = "invalid_number"


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of one line: so many of its pieces, and so much of its money."""

    line: JournalLine
    pieces: int
    money: int

    @property
    def all_pieces(self):
        # What is sold by weight may count no pieces: it comes back whole.
        return max(1, self.line.quantity)

    def back(self, pieces):
        """The Refunded of so many pieces: each its share of the money, the last ones the rest, so none is lost."""
        gone, whole = self.all_pieces - self.pieces, self.line.amount
        share = whole * (gone + pieces) // self.all_pieces - whole * gone // self.all_pieces
        due = self.money if pieces == self.pieces else min(share, self.money)
        return Refunded(self.line.position, due, min(pieces, self.line.quantity))

    @property
    def name(self):
        line = self.line
        return line.sku or line.category or f"line {line.position + 1}"

    def __str__(self):
        return f"{self.line.position + 1}. {self.name}"


class RefundForm(SeenFirst, DeedForm):
    """Pieces of lines, an amount of money beside them, or everything; of a redemption, points."""

    amount = forms.CharField(max_length=30, required=False)
    points = forms.CharField(max_length=30, required=False, help_text="How many of the spent points come back.")
    everything = forms.BooleanField(required=False, label="Everything that is left")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        journal = self.journal
        for left in self.lines:
            self.fields[self.name_of(left)] = dressed(_pieces(left, journal.money))
        rest = amount(journal.amount - journal.reversed_amount, journal.money or journal.program.money)
        beside = "Money that comes back beside the lines above" if self.lines else "Money that comes back"
        self.fields["amount"].help_text = f"{beside}, for example 12.50. {rest} is left."
        del self.fields["amount" if journal.kind == Journal.Kind.REDEMPTION else "points"]
        self.order_fields([*map(self.name_of, self.lines), "amount", "points", "everything", "reason", "agreed"])

    @cached_property
    def journal(self):
        return journal_of(self.object_id)

    @cached_property
    def lines(self):
        """What is left of each line of which something is left."""
        return [left for left in _left(self.journal) if left.pieces > 0]

    @staticmethod
    def name_of(left):
        return f"line_{left.line.position}"

    def wish(self):
        """The Reversal that the form says. Raises BadNumber, NothingToRefund."""
        cleaned = self.cleaned_data
        said = {"points": self._units("points")} if "points" in self.fields else {"amount": self._units("amount")}
        said = {name: units for name, units in said.items() if units is not None}
        chosen = [(left, cleaned[self.name_of(left)]) for left in self.lines]
        if lines := tuple(left.back(pieces) for left, pieces in chosen if pieces):
            said["lines"] = lines
        if bool(said) == cleaned["everything"]:
            what = "Choose either everything, or a part." if said else "Write how much comes back."
            raise NothingToRefund(what, field="points" if "points" in self.fields else "amount")
        return Reversal(cleaned["external_id"], self.journal.pk, reason=cleaned["reason"], **said)

    def _units(self, field):
        text, decimals = self.cleaned_data[field].strip(), money.exponent(self.journal.money)
        if not text:
            return None
        if field == "points":
            decimals = self.journal.entries.select_related("currency").first().currency.decimals
        units = money.parse(text, decimals, field=field)
        if units < 1:
            raise NothingToRefund("Write how much comes back.", field=field)
        return units


def _pieces(left, iso):
    line = left.line
    paid = amount(left.money, iso)
    many = f"How many come back: up to {left.pieces} of {left.all_pieces} pieces, {paid} together."
    name = f"{left}, {line.product.name}" if line.product else str(left)
    return forms.IntegerField(
        required=False,
        min_value=0,
        max_value=left.pieces,
        label=name,
        help_text=many if left.all_pieces > 1 else f"Write 1 when it comes back, for {paid}.",
    )


def _left(journal):
    """What is left of each line of a purchase after its refunds so far."""
    if journal.kind != Journal.Kind.ACCRUAL:
        return
    shares = [reversal.trace["share"] for reversal in journal.reversals.all() if "share" in reversal.trace]
    back = [line for share in shares for line in Share.read(share).lines]
    for line in journal.lines.select_related("product"):
        own = [one for one in back if one.position == line.position]
        left = line.amount - sum(one.amount for one in own)
        pieces = max(1, line.quantity) - sum(one.quantity for one in own)
        is_gone = own and not left and line.amount
        yield Left(line, 0 if is_gone else pieces, left)


def agreed(form, user):
    """The Reversal when it was shown and agreed to, else None: the form shows what it would do. Raises Refused."""
    wish, journal = form.wish(), form.journal
    result = taken(post(wish, journal.program, user, dry_run=True))
    if result.status == "replayed":
        return wish
    preview = list(_would(form, wish, result.answer))
    key = hashlib.sha256("\n".join(preview).encode()).hexdigest()
    if form.is_agreed(key):
        return wish
    form.ask(key, preview)
    return None


def _would(form, wish, answer):
    """What the refund would do, as sentences."""
    program = form.journal.program
    yield f"Comes back: {', '.join(_what(form, wish))}."
    moved = answer["points"]
    reversed_amount = told(program, {code: -units for code, units in moved.items() if units < 0})
    given = told(program, {code: units for code, units in moved.items() if units > 0})
    if reversed_amount or not given:
        yield f"Taken back: {reversed_amount or 'no points'}."
    if groups := answer.get("clawback_of_groups"):
        yield f"Of these, groups of the member bear: {'; '.join(told(program, part) for part in groups.values())}."
    if given:
        yield f"The member gets {given}."
    if answer.get("restored"):
        yield f"Of the points that paid for it, {_restored(program, answer['restored'])} come back to the member."
    if unrecovered := told(program, {code: n for code, n in answer["unrecovered"].items() if n}):
        yield f"Spent before, so not taken back: {unrecovered}."
    yield f"The member then has {told(program, answer['balances']) or 'no points'}."


def _what(form, wish):
    iso = form.journal.money
    if wish.points is not None:
        currency = form.journal.entries.select_related("currency").first().currency
        yield f"{points(wish.points, currency)} {currency.name}"
        return
    lines = {left.line.position: left for left in form.lines}
    for back in wish.lines:
        yield f"{max(1, back.quantity)} × {lines[back.position].name} ({amount(back.amount, iso)})"
    if wish.amount is not None:
        yield amount(wish.amount, iso)
    if form.cleaned_data["everything"]:
        yield "everything that is left"


def _restored(program, units):
    """So many redeemed points; they are of the currency that is spent, which the answer does not name."""
    spendable = [one for one in program.currencies.all() if one.kind == Currency.Kind.SPENDABLE]
    return f"{points(units, spendable[0])} {spendable[0].name}" if len(spendable) == 1 else "some"
