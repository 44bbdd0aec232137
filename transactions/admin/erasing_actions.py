"""How do staff erase somebody who asks for it? Once they have seen what it does, and agreed to exactly that."""

from collections.abc import Collection, Iterator

from django import forms
from django.http import HttpResponse
from django.utils import timezone

from loyalty_site.lib.admin import Extension, StaffRequest, action, dialog, found, names_one_of, site
from members import erasing
from members.models import Balance, Customer, Erasure
from transactions.admin.dialogs import PreviewForm
from transactions.admin.wording import points_in_words
from transactions.erasing import erasures

PERMISSION = "members.erase_customer"


class EraseForm(PreviewForm):
    """Agreed to for the very person and memberships that were shown."""

    reason = forms.CharField(
        max_length=200, help_text="Kept for good: name no person. For example the number of the request."
    )
    points = forms.ChoiceField(choices=Erasure.Points.choices, label="Points that are left")

    field_order = ["reason", "points", "agreed"]


_ERASE = dialog(
    "Erase this person",
    "Everything that says who it is, for good. Nothing is done before you have seen what it does.",
    "Continue",
    EraseForm,
)


class ErasingActions(Extension[Customer]):
    """The end of what is known of somebody."""

    actions_detail = ["erase"]

    def offered(self, request: StaffRequest, object_id: str) -> Collection[str]:
        return ["erase"] if names_one_of(Customer.objects.filter(erased_at=None), object_id) else []

    @action(description="Erase", permission=PERMISSION, icon="person_off", dialog=_ERASE)
    def erase(self, request: StaffRequest, form: EraseForm, object_id: str) -> HttpResponse | None:
        customer = found(Customer.objects.all(), object_id)
        person = erasing.find(customer)
        for problem in erasures.problems(person, timezone.now()):
            raise problem
        cleaned = form.cleaned_data
        key = " ".join(map(str, [cleaned["points"], *person.customer_ids, *person.member_ids]))
        if not form.is_agreed(key):
            form.ask(key, list(_effects(person, cleaned["points"])))
            return None
        done = erasures.erase(customer, reason=cleaned["reason"], points=cleaned["points"], user=request.user)
        counts = done.counts
        say = f"The person was erased. Memberships: {counts['members']}, transactions: {counts['transactions']}."
        return self.admin.done(request, customer, log="Erased", say=say)


def _effects(person: erasing.Person, points: str) -> Iterator[str]:
    """What erasing would do, as sentences."""
    if len(person.customers) > 1:
        yield f"{len(person.customers)} customers were merged and are one person: all of them are erased."
    for member in person.members:
        balances = Balance.objects.filter(member=member, currency__kind="spendable").select_related("currency")
        held = {one.currency.code: one.available + one.pending for one in balances if one.available + one.pending}
        words = points_in_words(member.program, held)
        left = "no points are left"
        if words:
            left = (
                f"{words} are forfeited" if points == Erasure.Points.FORFEIT else f"{words} are kept until they end"
            )
        yield f"Membership {member.number} of {member.program} is closed and gets another number; {left}."
    yield "Name, addresses, birthday, language, cards, tags, ids of other systems and what was written are deleted."
    yield "The ledger keeps points, amounts and dates. Nobody finds the person again, and nothing brings this back."


site.extend(Customer, ErasingActions)
