"""What is asked of somebody who spends points for a member, or takes a transaction back?"""

from django import forms

from loyalty_site.lib.admin import Dialog, found
from members.models import Member
from partners.models import Connection
from programs.models import Currency
from transactions import ledger
from transactions.admin.purchases import new_name


class DeedForm(Dialog):
    """A deed with a reason. Sent twice from one dialog, it has one name and is done once."""

    reason = forms.CharField(max_length=200, help_text="Kept with the transaction; others will read it.")
    external_id = forms.CharField(max_length=128, widget=forms.HiddenInput, initial=new_name)


class RedeemForm(DeedForm):
    points = forms.CharField(max_length=30, help_text="How many points the member spends.")
    currency = forms.ModelChoiceField(Currency.objects.none(), empty_label=None)

    field_order = ["points", "currency", "reason"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        spendable = Currency.objects.filter(kind=Currency.Kind.SPENDABLE, program=member_of(self.object_id).program)
        self.fields["currency"].queryset = spendable.order_by("-is_primary", "name")


def back_office(program):
    """The connection through which everything comes that staff enter."""
    return Connection.of(program.owner, Connection.Platform.BACK_OFFICE)


def post(item, program, user):
    """The Result of posting one item that a member of staff entered."""
    return ledger.record([item], program_id=program.pk, via=back_office(program), user=user)[0]


def member_of(object_id):
    return found(Member.objects.select_related("program__owner", "customer"), object_id)
