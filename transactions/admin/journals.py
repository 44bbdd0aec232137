"""How do staff find a transaction, read why it gave what it gave, enter one, and take one back?"""

from django.contrib import admin, messages
from django.http import HttpResponseRedirect
from django.urls import reverse

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    VerbAdmin,
    action,
    display,
    found,
    go_to,
    show_again,
)
from loyalty_site.lib.panels import amount, moment
from loyalty_site.lib.refusals import Refused
from members import search
from members.models import Member
from partners.activity import Reversal
from partners.models import Connection
from programs.models import Program
from transactions.admin import journalpanels
from transactions.admin.dialogs import DeedForm, post
from transactions.admin.purchases import LineInline, PurchaseForm
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
_REVERSE = {
    "title": "Reverse this transaction",
    "description": "Everything it did is taken back. Points that are spent by now are told, not taken.",
    "form_class": DeedForm,
    "form_submit_text": "Reverse",
}


@admin.register(Journal)
class JournalAdmin(VerbAdmin):
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
    actions_detail = ["reverse"]
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
        return journalpanels.moved(journal) or "-"

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
            "program", "member__customer", "connection__partner", "store", "user", "reverses"
        )
        return rows.filter(pk=object_id).first() if object_id.isdecimal() and len(object_id) < 19 else None

    def panels(self, request, journal):
        return journalpanels.panels(request, journal)

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
        result = post(form.wish(lines), program, request.user)
        if result.refusal:
            raise Refused(result.refusal.detail, field=result.refusal.field, code=result.refusal.code)
        request.posted = result
        form.instance.pk = result.journal_id
        form.instance._state.adding = False
        form.instance.refresh_from_db()

    def message_user(self, request, message, level=messages.INFO, extra_tags="", fail_silently=False):
        """Say what the points did, in place of “was added successfully”."""
        result = getattr(request, "posted", None)
        if result:
            journal = Journal.objects.select_related("program").get(pk=result.journal_id)
            level, message = journalpanels.receipt(journal, result)
        super().message_user(request, message, level, extra_tags, fail_silently)

    def response_post_save_add(self, request, obj):
        """To the page of the new transaction, which explains it."""
        return HttpResponseRedirect(reverse("admin:transactions_journal_change", args=[obj.pk]))

    def has_reverse_permission(self, request, object_id=None):
        return request.user.has_perm("transactions.add_journal")

    def get_actions_detail(self, request, object_id):
        actions = super().get_actions_detail(request, object_id)
        journal = self.get_object(request, str(object_id)) if actions else None
        is_done = journal and journal.status == Journal.Status.REVERSED
        is_final = journal and journal.kind == Journal.Kind.REVERSAL
        return [] if is_done or is_final else actions

    @action(description="Reverse", permissions=["reverse"], icon="undo", dialog=_REVERSE)
    def reverse(self, request, form, object_id):
        journal = found(Journal.objects.select_related("program__owner"), object_id)
        wish = Reversal(
            external_id=form.cleaned_data["external_id"],
            journal_id=journal.pk,
            reason=form.cleaned_data["reason"],
        )
        try:
            result = post(wish, journal.program, request.user)
            refusal = result.refusal
        except Refused as refused:
            refusal = refused.refusal
        if refusal:
            form.add_refusal(refusal)
            return show_again(request, form, **_REVERSE)
        made = Journal.objects.select_related("program").get(pk=result.journal_id)
        self.log_change(request, journal, f"Reversed by {made}: {made.reason}")
        level, text = journalpanels.receipt(made, result)
        super().message_user(request, text, level)
        return go_to("transactions_journal_change", made.pk)


def _named(external_id):
    """Journals of this external id. Its index begins with the columns that are spelled out here."""
    return Journal.objects.filter(
        program__in=list(Program.objects.values_list("pk", flat=True)),
        connection__in=list(Connection.objects.values_list("pk", flat=True)),
        kind__in=Journal.Kind.values,
        external_id=external_id,
    ).values("pk")
