"""How do staff find a transaction, read why it gave what it gave, enter one, and take one back?"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import ForeignKey, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponseRedirect

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    Made,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    StaffRequest,
    VerbAdmin,
    display,
    site,
)
from loyalty_site.lib.panels import Panel, address_of, amount, moment
from members import search
from members.models import Member
from partners.activity import Activity
from partners.models import Connection
from programs.models import Program
from transactions.admin import journal_panels, purchase_preview
from transactions.admin.journal_actions import JournalActions
from transactions.admin.lookups import journal_of
from transactions.admin.posting import post, quoted
from transactions.admin.purchase_form import LineFormSet, LineInline, PurchaseForm
from transactions.models import Journal

#: Statuses that are not listed are drawn without colour.
_COLOURS = {
    "processed": "success",
    "pending": "info",
    "held": "warning",
    "partially_reversed": "warning",
    "reversed": "danger",
    "failed": "danger",
    "rejected": "danger",
}


class ConnectionFilter(RelatedDropdownFilter):
    """Reads the partners, by whom connections are named, with them."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, Any]]:
        rows = Connection.objects.select_related("partner").only("name", "partner__name")
        return [(str(row.pk), str(row)) for row in rows]


@admin.register(Journal)
class JournalAdmin(VerbAdmin):
    """Transactions. Purchases are entered here; what is done to one afterwards is an action of its page."""

    icon, place = "swap_horiz", 1
    actions = None
    list_display = ["external_id", "kind", "who", "program", "paid", "earned", "status_label", "happened"]
    list_filter = [
        ["program", RelatedDropdownFilter],
        ["kind", ChoicesDropdownFilter],
        ["status", ChoicesDropdownFilter],
        ["connection", ConnectionFilter],
        ["activity_at", RangeDateTimeFilter],
    ]
    list_select_related = ["program", "member__customer"]
    search_fields = ["external_id"]
    search_help_text = "Receipt number, or number, card, e-mail, phone or last name of the member, or its start."
    sortable_by = ()
    ordering = ["-pk"]
    autocomplete_fields = ["member"]
    add_form = PurchaseForm
    has_preview = True
    add_inlines = [LineInline]
    add_fieldsets = [
        (None, {"fields": ["member", ("activity", "amount"), ("redeem", "redeem_currency")]}),
        ("More", {"fields": ["activity_at", ("store", "channel"), ("external_id", "code")]}),
        ("Tax and shipping", {"fields": [("tax", "shipping", "shipping_tax")]}),
    ]
    fieldsets = [
        (None, {"fields": [("kind", "status"), ("activity", "paid"), ("member_link", "program")]}),
        (
            "As reported",
            {
                "fields": [
                    ("external_id", "connection_name"),
                    ("happened", "received"),
                    ("store_name", "channel"),
                    ("code", "order_ref"),
                    ("base_paid", "entered_by"),
                    ("decided", "decider"),
                    "reason",
                    "attributes",
                ]
            },
        ),
        ("Proof", {"fields": [("program_version", "processed"), "fingerprint"], "classes": ["collapse"]}),
    ]

    @display(description="member")
    def who(self, journal: Journal) -> str:
        return str(journal.member) if journal.member_id else "-"

    member_link = who

    @display(description="amount")
    def paid(self, journal: Journal) -> str:
        return amount(journal.amount, journal.money)

    @display(description="in base currency")
    def base_paid(self, journal: Journal) -> str:
        return amount(journal.base_amount, journal.program.money if journal.money else "")

    @display(description="points")
    def earned(self, journal: Journal) -> str:
        return journal_panels.moved(journal) or "-"

    @display(description="status", label=_COLOURS)
    def status_label(self, journal: Journal) -> tuple[str, str]:
        return journal.status, journal.get_status_display()

    @display(description="happened")
    def happened(self, journal: Journal) -> str:
        return moment(journal.activity_at, journal.program.zone)

    @display(description="received")
    def received(self, journal: Journal) -> str:
        return moment(journal.received_at, journal.program.zone)

    @display(description="processed")
    def processed(self, journal: Journal) -> str:
        return moment(journal.processed_at, journal.program.zone)

    # As text: who reads transactions need not see the pages of partners and users.
    @display(description="came through")
    def connection_name(self, journal: Journal) -> str:
        return str(journal.connection)

    @display(description="store", empty_value="-")
    def store_name(self, journal: Journal) -> str | None:
        return journal.store.name if journal.store else None

    @display(description="entered by", empty_value="-")
    def entered_by(self, journal: Journal) -> str | None:
        return journal.user.get_username() if journal.user else None

    @display(description="decided")
    def decided(self, journal: Journal) -> str:
        return moment(journal.decided_at, journal.program.zone)

    @display(description="decided by", empty_value="-")
    def decider(self, journal: Journal) -> str:
        return journal_panels.decider(journal)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Journal]:
        # A list shows the points of each journal: one more statement, whatever its length.
        return super().get_queryset(request).defer("trace").prefetch_related("program__currencies")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Journal], search_term: str
    ) -> tuple[QuerySet[Journal], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        named = _named(term)
        if list(named[:2]):
            return queryset.filter(pk__in=named), False
        members = search.matching(Member.objects.all(), term)
        return queryset.filter(member__in=members.values("pk")), False

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        if db_field.name == "member":
            # Empty only in what is written down and not booked; here somebody chooses.
            kwargs["required"] = True
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Journal | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Journal | None = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Journal | None:
        rows = Journal.objects.prefetch_related("program__currencies").select_related(
            "program",
            "member__customer",
            "connection__partner",
            "store",
            "user",
            "reverses",
            "decided_by",
            "decided_by_member__customer",
        )
        return rows.filter(pk=object_id).first() if object_id.isdecimal() and len(object_id) < 19 else None

    def panels(self, request: StaffRequest, journal: Journal) -> list[Panel]:
        return journal_panels.panels(request, journal)

    def preview(self, request: StaffRequest, form: PurchaseForm, formsets: list[LineFormSet]) -> list[Panel]:
        """What the purchase would give, as a till is told."""
        program = form.cleaned_data["member"].program
        return purchase_preview.panels(quoted(_activity(form, formsets), program))

    def perform(self, request: StaffRequest, form: PurchaseForm, formsets: list[LineFormSet]) -> Made:
        """Post the purchase with its lines, and say what the points did; its page explains it."""
        program = form.cleaned_data["member"].program
        result = post(_activity(form, formsets), program, request.user)
        journal = journal_of(result.journal_id)
        level, text = journal_panels.receipt(journal, result)
        self.message_user(request, text, level)
        # “Save and add another” asks the same again, of the same member where the address names one.
        again = "_addanother" in request.POST
        return Made(journal, HttpResponseRedirect(request.get_full_path() if again else address_of(journal)))


def _activity(form: PurchaseForm, formsets: list[LineFormSet]) -> Activity:
    """The purchase that was entered, with its lines."""
    program = form.cleaned_data["member"].program
    return form.to_activity([line for formset in formsets for line in formset.lines(program)])


def _named(external_id: str) -> QuerySet[Journal, Any]:
    """Journals of this external id. Its index begins with the columns that are spelled out here."""
    return Journal.objects.filter(
        program__in=list(Program.objects.values_list("pk", flat=True)),
        connection__in=list(Connection.objects.values_list("pk", flat=True)),
        kind__in=Journal.Kind.values,
        external_id=external_id,
    ).values("pk")


site.extend(Journal, JournalActions)
