"""How do staff find a transaction, read why it gave what it gave, enter one, and take one back?"""

from django.contrib import admin, messages
from django.http import HttpResponseRedirect
from django.urls import reverse

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    VerbAdmin,
    display,
)
from loyalty_site.lib.panels import amount, moment
from members import search
from members.models import Member
from partners.models import Connection
from programs.models import Program
from transactions.admin import journal_panels
from transactions.admin.dialogs import post, taken
from transactions.admin.journal_actions import JournalDeeds
from transactions.admin.purchase_form import LineInline, PurchaseForm
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


@admin.register(Journal)
class JournalAdmin(JournalDeeds, VerbAdmin):
    icon, place = "swap_horiz", 1
    actions = None
    list_display = ["external_id", "kind", "who", "program", "paid", "earned", "status_label", "happened"]
    list_filter = [
        ["program", RelatedDropdownFilter],
        ["kind", ChoicesDropdownFilter],
        ["status", ChoicesDropdownFilter],
        ["connection", RelatedDropdownFilter],
        ["activity_at", RangeDateTimeFilter],
    ]
    list_select_related = ["program", "member__customer"]
    search_fields = ["external_id"]
    search_help_text = "Receipt number, or number, card, e-mail, phone or last name of the member."
    sortable_by = ()
    ordering = ["-pk"]
    autocomplete_fields = ["member"]
    inlines = [LineInline]
    add_fieldsets = [
        (None, {"fields": ["member", ("activity", "amount")]}),
        ("More", {"fields": ["activity_at", ("store", "channel"), ("external_id", "code")]}),
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
    def who(self, journal):
        return str(journal.member) if journal.member_id else "-"

    member_link = who

    @display(description="amount")
    def paid(self, journal):
        return amount(journal.amount, journal.money)

    @display(description="in base currency")
    def base_paid(self, journal):
        return amount(journal.base_amount, journal.program.money if journal.money else "")

    @display(description="points")
    def earned(self, journal):
        return journal_panels.moved(journal) or "-"

    @display(description="status", label=_COLOURS)
    def status_label(self, journal):
        return journal.status, journal.get_status_display()

    @display(description="happened")
    def happened(self, journal):
        return moment(journal.activity_at, journal.program.zone)

    @display(description="received")
    def received(self, journal):
        return moment(journal.received_at, journal.program.zone)

    @display(description="processed")
    def processed(self, journal):
        return moment(journal.processed_at, journal.program.zone)

    # As text: who reads transactions need not see the pages of partners and users.
    @display(description="came through")
    def connection_name(self, journal):
        return str(journal.connection)

    @display(description="store", empty_value="-")
    def store_name(self, journal):
        return journal.store and journal.store.name

    @display(description="entered by", empty_value="-")
    def entered_by(self, journal):
        return journal.user and journal.user.get_username()

    @display(description="decided")
    def decided(self, journal):
        return moment(journal.decided_at, journal.program.zone)

    @display(description="decided by", empty_value="-")
    def decider(self, journal):
        return journal_panels.decider(journal)

    def get_queryset(self, request):
        # A list tells the points of each journal: one more statement, whatever its length.
        return super().get_queryset(request).defer("trace").prefetch_related("program__currencies")

    def get_search_results(self, request, queryset, search_term):
        term = search_term.strip().replace("\0", "")
        if not term:
            return queryset, False
        named = list(_named(term)[:2])
        if named:
            return queryset.filter(pk__in=_named(term)), False
        members = search.matching(Member.objects.all(), term)
        return queryset.filter(member__in=members.values("pk")), False

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "member":
            # Empty only in what is written down and not booked; here somebody chooses.
            kwargs["required"] = True
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_object(self, request, object_id, from_field=None):
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

    def panels(self, request, journal):
        return journal_panels.panels(request, journal)

    def get_inlines(self, request, obj):
        return [] if obj else self.inlines

    def get_form(self, request, obj=None, change=False, **kwargs):
        return super().get_form(request, obj, change, **({} if obj else {"form": PurchaseForm}) | kwargs)

    def save_model(self, request, obj, form, change):
        # The lines belong to the fact: everything is posted at once, when they are known.
        pass

    def save_related(self, request, form, formsets, change):
        program = form.cleaned_data["member"].program
        lines = [line for formset in formsets for line in formset.lines(program)]
        result = taken(post(form.wish(lines), program, request.user))
        request.posted = result
        form.instance.pk = result.journal_id
        form.instance._state.adding = False
        form.instance.refresh_from_db()

    def message_user(self, request, message, level=messages.INFO, extra_tags="", fail_silently=False):
        """Say what the points did, in place of “was added successfully”."""
        result = getattr(request, "posted", None)
        if result:
            journal = Journal.objects.select_related("program").get(pk=result.journal_id)
            level, message = journal_panels.receipt(journal, result)
        super().message_user(request, message, level, extra_tags, fail_silently)

    def response_post_save_add(self, request, obj):
        """To the page of the new transaction, which explains it."""
        return HttpResponseRedirect(reverse("admin:transactions_journal_change", args=[obj.pk]))


def _named(external_id):
    """Journals of this external id. Its index begins with the columns that are spelled out here."""
    return Journal.objects.filter(
        program__in=list(Program.objects.values_list("pk", flat=True)),
        connection__in=list(Connection.objects.values_list("pk", flat=True)),
        kind__in=Journal.Kind.values,
        external_id=external_id,
    ).values("pk")
