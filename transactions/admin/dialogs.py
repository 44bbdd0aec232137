"""What is asked of somebody who moves points by hand?"""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.http import HttpRequest, QueryDict

from loyalty_site.lib.admin import Dialog
from partners.models import Partner
from programs.models import Currency
from transactions.admin.lookups import member_of
from transactions.admin.posting import new_external_id


class ReasonForm(Dialog):
    """Why something is done."""

    reason = forms.CharField(max_length=200, help_text="Kept with the transaction; others will read it.")


class OnceForm(ReasonForm):
    """Sent twice from one dialog it has one external id, and is done once."""

    external_id = forms.CharField(max_length=128, widget=forms.HiddenInput, initial=new_external_id)


class PreviewForm(Dialog):
    """First it is shown what would happen; then it is agreed to, for exactly what was shown."""

    form_before_template = "admin/dialog_preview.html"

    shown = forms.CharField(required=False, widget=forms.HiddenInput)
    agreed = forms.BooleanField(required=False, label="Do it as shown above")

    preview: Sequence[str] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.data:
            del self.fields["agreed"]

    def get_before_template_context(self, request: HttpRequest, object_id: str | None = None) -> dict[str, Any]:
        return super().get_before_template_context(request, object_id) | {"preview": self.preview}

    def is_agreed(self, key: str) -> bool:
        """Whether what `key` names was shown, and agreed to."""
        return bool(self.cleaned_data.get("agreed")) and self.cleaned_data["shown"] == key

    def ask(self, key: str, preview: Sequence[str]) -> None:
        """Show what would happen, and ask again."""
        self.preview = preview
        data = cast(QueryDict, self.data).copy()
        data["shown"] = key
        data.pop("agreed", None)
        self.data = data


class PointsForm(OnceForm):
    """Points of one of the currencies of the member's program."""

    points = forms.CharField(max_length=30)
    currency = forms.ModelChoiceField(Currency.objects.none(), empty_label=None)

    field_order = ["points", "currency", "reason"]
    spendable_only = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.program = member_of(self.object_id).program
        offered = Currency.objects.filter(program=self.program)
        if self.spendable_only:
            offered = offered.filter(kind=Currency.Kind.SPENDABLE)
        choice = cast("forms.ModelChoiceField[Currency]", self.fields["currency"])
        choice.queryset = offered.order_by("-is_primary", "name")


class RedeemForm(PointsForm):
    """Points that the member spends."""

    points = forms.CharField(max_length=30, help_text="How many points the member spends.")


class AdjustForm(PointsForm):
    """Points that staff give or take."""

    CREDIT, DEBIT = "credit", "debit"

    direction = forms.ChoiceField(choices=[(CREDIT, "Credit: give points"), (DEBIT, "Debit: take points")])
    usable_through = forms.DateField(
        required=False, help_text="Of a credit: its last usable day; empty: as the currency says."
    )
    available_from = forms.DateField(
        required=False, help_text="Of a credit: the first day on which it can be spent; empty: at once."
    )
    partner = forms.ModelChoiceField(
        Partner.objects.none(), required=False, help_text="On whose behalf; empty: the owner of the program."
    )
    overdraw = forms.BooleanField(
        required=False,
        label="May fall below zero",
        help_text="Of a debit: take more than there is, where the currency and your limits allow it.",
    )

    field_order = [
        "direction",
        "points",
        "currency",
        "reason",
        "usable_through",
        "available_from",
        "partner",
        "overdraw",
    ]
    spendable_only = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast("forms.ModelChoiceField[Partner]", self.fields["partner"])
        choice.queryset = Partner.objects.filter(participations__program=self.program).order_by("name")


class TransferForm(PointsForm):
    """Points that the member gives to another one."""

    to = forms.CharField(max_length=200, label="To", help_text="Number, card, e-mail or phone of the receiver.")
    points = forms.CharField(max_length=30, help_text="How many points the member gives away.")

    field_order = ["to", "points", "currency", "reason"]


class MergeForm(PreviewForm, ReasonForm):
    """Agreed to for the very member that was shown."""

    target = forms.CharField(
        max_length=200, label="Into", help_text="Number, card, e-mail or phone of the member who remains."
    )
    claw_back = forms.BooleanField(required=False, label="Take back bonuses that were given twice")

    field_order = ["target", "reason", "claw_back", "agreed"]
