"""What is asked of somebody who moves points by hand, and how is what a verb refuses shown beside it?"""

from django import forms

from loyalty_site.lib.admin import Dialog, found, show_again
from loyalty_site.lib.panels import points
from loyalty_site.lib.refusals import Refused
from members import search
from members.models import Member
from partners.models import Connection
from programs.models import Currency
from transactions import ledger
from transactions.admin.purchase_form import new_name
from transactions.models import Journal


class ReasonForm(Dialog):
    reason = forms.CharField(max_length=200, help_text="Kept with the transaction; others will read it.")


class DeedForm(ReasonForm):
    """A deed with a reason. Sent twice from one dialog, it has one name and is done once."""

    external_id = forms.CharField(max_length=128, widget=forms.HiddenInput, initial=new_name)


class SeenFirst(forms.Form):
    """First it is shown what would happen; then it is agreed to, for exactly what was shown."""

    form_before_template = "admin/dialog_preview.html"

    shown = forms.CharField(required=False, widget=forms.HiddenInput)
    agreed = forms.BooleanField(required=False, label="Do it as shown above")

    preview = ()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.data:
            del self.fields["agreed"]

    def get_before_template_context(self, request, object_id=None):
        return super().get_before_template_context(request, object_id) | {"preview": self.preview}

    def is_agreed(self, key):
        """Whether what `key` names was shown, and agreed to."""
        return self.cleaned_data.get("agreed") and self.cleaned_data["shown"] == key

    def ask(self, key, preview):
        """Show what would happen, and ask again."""
        self.preview = preview
        self.data = self.data.copy()
        self.data["shown"] = key
        self.data.pop("agreed", None)


class PointsForm(DeedForm):
    """Points of one of the currencies of the member's program."""

    points = forms.CharField(max_length=30)
    currency = forms.ModelChoiceField(Currency.objects.none(), empty_label=None)

    field_order = ["points", "currency", "reason"]
    spendable_only = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        offered = Currency.objects.filter(program=member_of(self.object_id).program)
        if self.spendable_only:
            offered = offered.filter(kind=Currency.Kind.SPENDABLE)
        self.fields["currency"].queryset = offered.order_by("-is_primary", "name")


class RedeemForm(PointsForm):
    points = forms.CharField(max_length=30, help_text="How many points the member spends.")


class AdjustForm(PointsForm):
    CREDIT, DEBIT = "credit", "debit"

    direction = forms.ChoiceField(choices=[(CREDIT, "Credit: give points"), (DEBIT, "Debit: take points")])

    field_order = ["direction", "points", "currency", "reason"]
    spendable_only = False


class TransferForm(PointsForm):
    to = forms.CharField(max_length=200, label="To", help_text="Number, card, e-mail or phone of the receiver.")
    points = forms.CharField(max_length=30, help_text="How many points the member gives away.")

    field_order = ["to", "points", "currency", "reason"]


def attempt(request, form, dialog, verb):
    """(what `verb` made, None), or (None, the dialog once more) when it refused."""
    try:
        return verb(), None
    except Refused as refused:
        form.add_refusal(refused.refusal)
        return None, show_again(request, form, **dialog)


def back_office(program):
    """The connection through which everything comes that staff enter."""
    return Connection.of(program.owner, Connection.Platform.BACK_OFFICE)


def post(item, program, user, **options):
    """The Result of posting one item that a member of staff entered."""
    return ledger.record([item], program_id=program.pk, via=back_office(program), user=user, **options)[0]


def taken(result):
    """The Result itself. Raises Refused when nothing was posted."""
    if result.refusal:
        raise Refused(result.refusal.detail, field=result.refusal.field, code=result.refusal.code)
    return result


def journal_of(object_id):
    return found(Journal.objects.select_related("program__owner"), object_id)


def member_of(object_id):
    return found(Member.objects.select_related("program__owner", "customer"), object_id)


def other_member(text, member, field):
    """The one member of the same program whom `text` names. Raises Refused."""
    rows = Member.objects.filter(program=member.program_id).select_related("customer")
    # A whole number means itself, not also those that begin with it.
    known = list(rows.filter(number="".join(text.split()))) or list(search.matching(rows, text)[:2])
    if len(known) == 1:
        return known[0]
    what = "Several members are called so; give the number." if known else "The program has no such member."
    raise Refused(what, field=field, code="member_unknown")


def told(program, moved, *, signed=False):
    """{currency code: points} in words, e.g. "46 Points, 12 Status points"."""
    currencies = {currency.code: currency for currency in program.currencies.all()}
    return ", ".join(
        f"{points(units, currencies[code], signed=signed)} {currencies[code].name}"
        for code, units in (moved or {}).items()
        if code in currencies
    )
