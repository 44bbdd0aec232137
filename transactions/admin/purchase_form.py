"""What is asked of somebody who enters a transaction by hand? The ledger decides what becomes of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from loyalty_site.lib import money, quantities
from loyalty_site.lib.admin import TabularInline, dressed
from loyalty_site.lib.forms import Errors, ModelForm, VerbFormSet
from loyalty_site.lib.quantity_field import QuantityField
from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.texts import parts_of
from partners.activity import Activity, Line, PointsPaid
from partners.models import Store
from programs.models import Currency, Program
from transactions.admin.posting import MAY_POST, new_external_id
from transactions.models import Journal, JournalLine

if TYPE_CHECKING:
    _StoreField = forms.ModelChoiceField[Store]
    _CurrencyField = forms.ModelChoiceField[Currency]
else:
    _StoreField = forms.ModelChoiceField
    _CurrencyField = forms.ModelChoiceField

#: Paths of the ledger's refusals and the field of the page on which each is shown.
_FIELDS: dict[str | None, str | None] = {
    "kind": "activity",
    "partner": "store",
    "currency": "amount",
    "transaction": None,
    "points_value": "redeem",
}


def amount_field(**options: Any) -> forms.CharField:
    """Money as decimal text, which may be left empty."""
    return dressed(forms.CharField(required=False, max_length=30, **options), inputmode="decimal")


class StoreField(_StoreField):
    """A choice of stores, each called with its partner."""

    def label_from_instance(self, obj: Store) -> str:
        return f"{obj.name} ({obj.partner.name})"


class SpendableField(_CurrencyField):
    """A choice of the currencies that can be spent, each called with its program."""

    def label_from_instance(self, obj: Currency) -> str:
        return f"{obj.name} ({obj.program.name})"


def _spendable() -> "QuerySet[Currency]":
    return Currency.objects.filter(kind=Currency.Kind.SPENDABLE).select_related("program")


class PurchaseForm(ModelForm):
    """What a member did. The ledger makes the row, so the model has nothing to check yet."""

    activity = dressed(
        forms.CharField(
            max_length=40,
            initial="purchase",
            help_text="What the member did: purchase, visit, or the name of an event.",
        )
    )
    amount = amount_field(help_text="What was paid in all, for example 12.50, in the program's base currency.")
    redeem = amount_field(
        label="Pay with points",
        help_text="So many points of the member are spent on it, in the same posting: both are booked, or neither.",
    )
    redeem_currency = dressed(
        SpendableField(_spendable(), required=False, label="Of", help_text="The program's main points unless chosen.")
    )
    store = dressed(StoreField(Store.objects.filter(is_active=True).select_related("partner"), required=False))
    channel = dressed(forms.CharField(required=False, max_length=20, initial="store"))
    code = dressed(forms.CharField(required=False, max_length=64, label="Promo code"))
    external_id = dressed(
        forms.CharField(
            max_length=128,
            label="Receipt",
            initial=new_external_id,
            help_text="The number on the receipt; made up when there is none. The same number counts once.",
        )
    )
    tax = amount_field(label="Of which tax", help_text="All tax in the amount.")
    shipping = amount_field(label="Of which shipping", help_text="With its tax.")
    shipping_tax = amount_field(
        label="Tax on shipping", help_text="Empty: what the lines leave of the tax, where it can be that much."
    )

    class Meta:
        model = Journal
        fields = ["member", "activity_at"]
        help_texts = {
            "member": "By number, card, e-mail, phone or last name, or the start of one.",
            "activity_at": "Leave it empty for now. Else date and time on the clocks of the program.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["activity_at"].required = False

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        member = cleaned.get("member")
        if cleaned.get("activity") == "purchase" and cleaned.get("amount") == "":
            self.add_error("amount", "Write what was paid; 0 where nothing was.")
        if member and "amount" in cleaned:
            try:
                cleaned["amount"] = minor(cleaned["amount"], member.program, "amount") if cleaned["amount"] else None
            except Refused as refused:
                self.add_error("amount", refused.refusal.detail)
        cleaned["points"] = self._points(member.program) if member and cleaned.get("redeem") else None
        at = cleaned.get("activity_at")
        if member and at:
            # What was typed is meant on the clocks of the program, not of this server.
            cleaned["activity_at"] = at.replace(tzinfo=member.program.zone)
        if member:
            self._read_parts(cleaned, member.program)
        return cleaned

    def _read_parts(self, cleaned: dict[str, Any], program: Program) -> None:
        """Tax and shipping in minor units; of the tax on shipping nothing typed is nothing said."""
        for name in ("tax", "shipping", "shipping_tax"):
            text = cleaned.get(name, "").strip()
            try:
                cleaned[name] = None if name == "shipping_tax" and not text else minor(text, program, name)
            except Refused as refused:
                self.add_error(name, refused.refusal.detail)

    def _points(self, program: Program) -> PointsPaid | None:
        """The points that pay for it; what is wrong with them is noted at their fields."""
        chosen = self.cleaned_data.get("redeem_currency")
        own = [chosen] if chosen else _main_points(program)
        if len(own) != 1:
            self.add_error("redeem_currency", "Choose which points pay.")
        elif own[0].program_id != program.pk:
            self.add_error("redeem_currency", f"Choose points of {program.name}, the program of the member.")
        else:
            try:
                units = money.parse(self.cleaned_data["redeem"], own[0].decimals)
                if units > 0:
                    return PointsPaid(units, own[0].code)
                self.add_error("redeem", "Write how many points pay, or nothing.")
            except Refused as refused:
                self.add_error("redeem", refused.refusal.detail)
        return None

    def _post_clean(self) -> None:
        self.show_refusals()

    def place_error(self, name: str | None, errors: Errors) -> None:
        super().place_error(_FIELDS.get(name, name), errors)

    def to_activity(self, lines: Sequence[Line]) -> Activity:
        """The Activity that the form says."""
        cleaned = self.cleaned_data
        store = cleaned["store"]
        return Activity(
            kind=cleaned["activity"],
            external_id=cleaned["external_id"],
            member={"number": cleaned["member"].number},
            activity_at=cleaned["activity_at"],
            amount=cleaned["amount"],
            money=cleaned["member"].program.money if cleaned["amount"] else "",
            tax=cleaned["tax"],
            shipping=cleaned["shipping"],
            shipping_tax=cleaned["shipping_tax"],
            lines=tuple(lines),
            channel=cleaned["channel"],
            partner=store.partner.code if store else "",
            store=store.code if store else "",
            code=cleaned["code"],
            redeem=cleaned["points"],
        )


def _main_points(program: Program) -> list[Currency]:
    """The currency that is meant where none is chosen; several, or none, where somebody has to choose."""
    own = list(_spendable().filter(program=program))
    return [one for one in own if one.is_primary] or own


def minor(text: str, program: Program, field: str) -> int:
    """Money as typed in minor units; nothing typed is nothing paid. Raises BadNumber."""
    return money.parse(text.strip() or "0", money.exponent(program.money), field=field)


class LineForm(ModelForm):
    """One line of a purchase; the ledger makes it together with its journal."""

    sku = dressed(forms.CharField(required=False, max_length=64, label="SKU"))
    category = dressed(forms.CharField(required=False, max_length=64))
    quantity = dressed(QuantityField(initial=1, help_text="Weighed: like 0.350."))
    amount = amount_field(label="Amount")
    tax = amount_field(label="Of which tax")
    discount = amount_field(label="Of which discount")
    labels = dressed(forms.CharField(required=False, max_length=400, help_text="Separated by commas, like sale."))

    def _post_clean(self) -> None:
        pass

    def clean_amount(self) -> str:
        """Of a row that is filled in: nothing typed is no amount."""
        text: str = self.cleaned_data["amount"]
        if not text:
            raise forms.ValidationError("Write what was paid for the line; 0 where nothing was.")
        return text

    def line(self, program: Program, position: int) -> Line:
        """The Line that the form says. Raises BadNumber at the path of the field."""
        cleaned = self.cleaned_data
        place = f"lines[{position}]"
        whole, part = quantities.split(quantities.parse(f"{cleaned['quantity']:f}"))
        return Line(
            sku=cleaned["sku"],
            category=cleaned["category"],
            quantity=whole,
            thousandths=part,
            amount=minor(cleaned["amount"], program, f"{place}.amount"),
            tax=minor(cleaned["tax"], program, f"{place}.tax"),
            discount=minor(cleaned["discount"], program, f"{place}.discount"),
            labels=parts_of(cleaned["labels"]),
        )


class LineFormSet(VerbFormSet):
    """The lines of a purchase."""

    def lines(self, program: Program) -> list[Line]:
        """The Lines that are filled in. Raises BadNumber."""
        filled = cast(list[LineForm], self.filled)
        return [form.line(program, position) for position, form in enumerate(filled)]


class LineInline(TabularInline):
    """The lines of a purchase while it is entered."""

    model = JournalLine
    form, formset = LineForm, LineFormSet
    fields = ["sku", "category", "quantity", "amount", "tax", "discount", "labels"]
    verbose_name_plural = "lines (only where rules look at products)"
    extra = 1
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return obj is None and request.user.has_perm(MAY_POST)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_add_permission(request, obj)
