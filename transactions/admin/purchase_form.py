"""What is asked of somebody who enters a transaction by hand? The ledger decides what becomes of it."""

import secrets

from django import forms
from django.forms import BaseInlineFormSet

from loyalty_site.lib import money
from loyalty_site.lib.admin import ModelForm, TabularInline, dressed
from loyalty_site.lib.refusals import Refused
from partners.activity import Activity, Line
from partners.models import Store
from transactions.models import Journal, JournalLine

#: Paths of the ledger's refusals and the field of the page on which each is shown.
_FIELDS = {"kind": "activity", "partner": "store", "currency": "amount", "transaction": None}


def new_name(prefix="desk"):
    """A name for a fact that is entered by hand: made when the form opens, so that sending it twice posts once."""
    return f"{prefix}-{secrets.token_hex(8)}"


def amount_field(**options):
    return dressed(forms.CharField(required=False, max_length=30, **options), inputmode="decimal")


class PurchaseForm(ModelForm):
    activity = dressed(
        forms.CharField(
            max_length=40,
            initial="purchase",
            help_text="What the member did: purchase, visit, or the name of an event.",
        )
    )
    amount = amount_field(help_text="What was paid in all, for example 12.50, in the program's base currency.")
    store = dressed(
        forms.ModelChoiceField(Store.objects.filter(is_active=True).select_related("partner"), required=False)
    )
    channel = dressed(forms.CharField(required=False, max_length=20, initial="store"))
    code = dressed(forms.CharField(required=False, max_length=64, label="Promo code"))
    external_id = dressed(
        forms.CharField(
            max_length=128,
            label="Receipt",
            initial=new_name,
            help_text="The number on the receipt; made up when there is none. The same number counts once.",
        )
    )

    class Meta:
        model = Journal
        fields = ["member", "activity_at"]
        help_texts = {
            "member": "By number, card, e-mail, phone with country code, or the start of a last name.",
            "activity_at": "Leave it empty for now. Else date and time on the clocks of the program.",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["activity_at"].required = False
        self.fields["store"].label_from_instance = lambda store: f"{store.name} ({store.partner.name})"

    def clean(self):
        cleaned = super().clean()
        member = cleaned.get("member")
        if member and "amount" in cleaned:
            try:
                cleaned["amount"] = minor(cleaned["amount"], member.program, "amount")
            except Refused as refused:
                self.add_error("amount", refused.refusal.detail)
        at = cleaned.get("activity_at")
        if member and at:
            # What was typed is meant on the clocks of the program, not of this server.
            cleaned["activity_at"] = at.replace(tzinfo=member.program.zone)
        return cleaned

    def _post_clean(self):
        # The ledger makes the row; here is nothing yet that could be checked.
        self.show_refusal()

    def place_error(self, name, errors):
        super().place_error(_FIELDS.get(name, name), errors)

    def wish(self, lines):
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
            lines=tuple(lines),
            channel=cleaned["channel"],
            partner=store.partner.code if store else "",
            store=store.code if store else "",
            code=cleaned["code"],
        )


def minor(text, program, field):
    """Money as typed in minor units; nothing typed is nothing paid. Raises BadNumber."""
    return money.parse(text.strip() or "0", money.exponent(program.money), field=field)


class LineForm(ModelForm):
    sku = dressed(forms.CharField(required=False, max_length=64, label="SKU"))
    category = dressed(forms.CharField(required=False, max_length=64))
    quantity = dressed(forms.IntegerField(min_value=0, initial=1))
    amount = amount_field(label="Amount paid")
    tax = amount_field(label="Of which tax")

    def _post_clean(self):
        # Made by the ledger together with its journal.
        pass

    def line(self, program, position):
        cleaned = self.cleaned_data
        place = f"lines[{position}]"
        return Line(
            sku=cleaned["sku"],
            category=cleaned["category"],
            quantity=cleaned["quantity"],
            amount=minor(cleaned["amount"], program, f"{place}.amount"),
            tax=minor(cleaned["tax"], program, f"{place}.tax"),
        )


class LineFormSet(BaseInlineFormSet):
    """Lines of a purchase; a refusal of `lines[2].tax` is shown at the tax of the third one."""

    refusal = None
    # The ledger saves the lines; the admin's own account of the change finds nothing here.
    new_objects = changed_objects = deleted_objects = ()

    @property
    def filled(self):
        return [form for form in self.forms if form.has_changed() and form not in self.deleted_forms]

    def lines(self, program):
        return [form.line(program, position) for position, form in enumerate(self.filled)]

    def clean(self):
        super().clean()
        path = self.refusal.field if self.refusal else ""
        if path.startswith("lines["):
            position, _, field = path.removeprefix("lines[").partition("].")
            form = self.filled[int(position)]
            form.add_error(field if field in form.fields else None, self.refusal.detail)


class LineInline(TabularInline):
    model = JournalLine
    form, formset = LineForm, LineFormSet
    fields = ["sku", "category", "quantity", "amount", "tax"]
    verbose_name_plural = "lines (only where rules look at products)"
    extra = 1
    can_delete = False

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        formset.refusal = getattr(request, "refusal", None)
        return formset

    def has_add_permission(self, request, obj=None):
        return obj is None and request.user.has_perm("transactions.add_journal")

    def has_view_permission(self, request, obj=None):
        return self.has_add_permission(request, obj)
