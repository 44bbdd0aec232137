"""How does a list get its SKUs? Pasted, or from a file, one in each line."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from loyalty_site.lib.admin import HistoryAdmin, RelatedDropdownFilter, StaffRequest, display, dressed, widgets
from loyalty_site.lib.forms import ModelForm
from loyalty_site.lib.panels import Panel, Sentences
from programs import sku_lists
from programs.models import SkuList, SkuListEntry
from programs.rules.conditions import reading

#: How large a file may be, in bytes, and how many SKUs the page shows.
_LARGEST, _SHOWN = 40_000_000, 50


class SkuListForm(ModelForm):
    """A list, and what is to be put into it."""

    instance: SkuList

    pasted = forms.CharField(
        required=False,
        label="SKUs to add",
        help_text="One in each line; those that are in the list already change nothing.",
        widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 6}),
    )
    file = dressed(
        forms.FileField(required=False, help_text="A text file in UTF-8 with one SKU in each line, for very many.")
    )
    replaces = dressed(
        forms.BooleanField(
            required=False,
            label="Replace what is in the list",
            help_text="What is not among them goes; where nothing is to be added, the list is emptied.",
        )
    )

    class Meta:
        model = SkuList
        fields = ()

    def clean_pasted(self) -> list[str]:
        """The SKUs that were pasted."""
        return _read(self.cleaned_data["pasted"])

    def clean_file(self) -> list[str]:
        """The SKUs of the file."""
        given: UploadedFile[Any] | None = self.cleaned_data["file"]
        if not given:
            return []
        if (given.size or 0) > _LARGEST:
            raise forms.ValidationError(f"The file is larger than {_LARGEST:,} bytes.")
        try:
            return _read(given.read().decode())
        except UnicodeDecodeError as error:
            raise forms.ValidationError(f"The file is not in UTF-8 (byte {error.start:,}).") from error

    @property
    def skus(self) -> list[str]:
        """All that is to be put into the list."""
        return [*self.cleaned_data["pasted"], *self.cleaned_data["file"]]


def _read(text: str) -> list[str]:
    found = sku_lists.read(text)
    if found.wrong:
        raise forms.ValidationError(found.wrong)
    return found.skus


@admin.register(SkuList)
class SkuListAdmin(HistoryAdmin):
    """Lists of SKUs of all programs. Rules name them by their codes, so a code stays."""

    icon, place = "list_alt", 3
    form = SkuListForm
    list_display = ["name", "code", "program", "size"]
    list_filter = [["program", RelatedDropdownFilter]]
    list_select_related = ["program"]
    search_fields = ["name", "code__startswith"]
    autocomplete_fields = ["program"]
    fixed_fields = ["program", "code"]
    prepopulated_fields = {"code": ["name"]}

    def get_fieldsets(self, request: HttpRequest, obj: SkuList | None = None) -> list[Any]:
        head = (None, {"fields": ["program", ("name", "code")]})
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return [head, ("Put SKUs into it", {"fields": ["pasted", "file", "replaces"]})] if may_edit else [head]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SkuList]:
        found: QuerySet[SkuList] = super().get_queryset(request)
        # Grouped rows have no order of their own.
        return found.annotate(count=Count("entries")).order_by("program_id", "code")

    @display(description="SKUs", ordering="count")
    def size(self, one: SkuList) -> str:
        return f"{getattr(one, 'count', 0):,}"

    def panels(self, request: StaffRequest, one: SkuList) -> list[Panel]:
        first = list(SkuListEntry.objects.filter(list=one).values_list("sku", flat=True)[:_SHOWN])
        count = getattr(one, "count", len(first))
        more = f" and {count - len(first):,} more" if count > len(first) else ""
        return [Sentences("In the list", [f"{count:,} SKUs: {', '.join(first)}{more}." if count else "It is empty."])]

    def has_delete_permission(self, request: HttpRequest, obj: SkuList | None = None) -> bool:
        # A rule that names it would never hold again.
        return super().has_delete_permission(request, obj) and not (obj and _is_named(obj))

    def save_model(self, request: HttpRequest, obj: SkuList, form: SkuListForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.skus or form.cleaned_data["replaces"]:
            count = sku_lists.put(obj, form.skus, replaces=form.cleaned_data["replaces"])
            self.message_user(request, f"The list has {count:,} SKUs now.", messages.SUCCESS)


def _is_named(one: SkuList) -> bool:
    """Whether a rule of the program names the list."""
    return any(
        written.key == sku_lists.ASKED_AS and written.value == one.code
        for conditions in one.program.rules.values_list("conditions", flat=True)
        for written in reading.written(conditions)
    )
