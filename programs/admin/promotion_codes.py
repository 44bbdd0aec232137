"""How do the codes of a promotion get into its list, and out of it? A page of the promotion, and a file."""

import io
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse

from loyalty_site.lib import csv_lines
from loyalty_site.lib.admin import (
    Button,
    Extension,
    ModelAdmin,
    StaffRequest,
    Subpage,
    action,
    dressed,
    found,
    site,
    widgets,
)
from loyalty_site.lib.panels import Panel, Sentences, address_of
from loyalty_site.lib.refusals import Refused
from programs import promotion_codes
from programs.admin.promotions import CHANGE
from programs.models import Promotion
from programs.promotion_codes import Taken

#: How large a file may be, in bytes: a million codes of the greatest length in ASCII, and their ends of lines.
_LARGEST = promotion_codes.MOST * (promotion_codes.LONGEST + 2)


_ADD = Button("add", "Add these codes")
_MAKE = Button("make", "Make new codes")


class CodesForm(forms.Form):
    """Codes from elsewhere, or how many are to be made."""

    pasted = forms.CharField(
        required=False,
        label="Codes to add",
        help_text="One in each line; small letters become capitals.",
        widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 6}),
    )
    file = dressed(
        forms.FileField(
            required=False,
            help_text=f"A text file in UTF-8 with one code in each line, at most {promotion_codes.MOST:,}.",
        )
    )
    number = dressed(
        forms.IntegerField(
            required=False,
            min_value=1,
            max_value=promotion_codes.MOST,
            label="Or make new ones: how many",
            help_text=f"1 to {promotion_codes.MOST:,}. Nobody can guess them, and none has O, 0, I, 1 or L.",
        )
    )
    begins_with = dressed(
        forms.CharField(
            required=False,
            max_length=promotion_codes.LONGEST_PREFIX,
            help_text="With which new ones begin, for example MAY-; empty: none.",
        )
    )

    def clean_file(self) -> "UploadedFile[bytes] | None":
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file and (file.size or 0) > _LARGEST:
            raise forms.ValidationError(f"The file is larger than {_LARGEST:,} bytes: divide it.")
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "make" in self.data:
            if not cleaned.get("number") and "number" not in self.errors:
                self.add_error("number", "Say how many.")
        elif cleaned.get("pasted") and cleaned.get("file"):
            self.add_error("file", "Paste codes or choose a file, not both.")
        elif not cleaned.get("pasted") and not cleaned.get("file") and "file" not in self.errors:
            self.add_error("pasted", "Paste codes, or choose a file with them.")
        return cleaned

    def do(self, promotion: Promotion) -> Taken:
        """Add or make what was asked for. Raises Refused, with a field of this form."""
        said = self.cleaned_data
        if "make" in self.data:
            try:
                return promotion_codes.generate(promotion, said["number"], prefix=said["begins_with"])
            except promotion_codes.NoCodes as error:
                raise Refused(error.refusal.detail, field="begins_with") from error
        field = "file" if said["file"] else "pasted"
        try:
            lines = _lines(said["file"]) if said["file"] else said["pasted"].splitlines()
            return promotion_codes.take(promotion, lines)
        except UnicodeDecodeError as error:
            raise Refused(f"The file is not in UTF-8: {error.reason}. Nothing was taken.", field=field) from error
        except promotion_codes.NoCodes as error:
            raise Refused(error.refusal.detail, field=field) from error


def _lines(file: "UploadedFile[bytes]") -> Iterator[str]:
    """The lines of a file, a part at a time."""
    assert file.file is not None, "it was uploaded"
    yield from io.TextIOWrapper(file.file, encoding="utf-8", newline=None)


def _page(admin: ModelAdmin, request: StaffRequest, object_id: str) -> HttpResponse:
    promotion = found(Promotion.objects.select_related("program"), object_id)
    form = CodesForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            taken = form.do(promotion)
        except Refused as refused:
            field = refused.refusal.field
            form.add_error(field if field in form.fields else None, refused.refusal.detail)
        else:
            said = " ".join(taken.sentences())
            admin.log_change(request, promotion, f"Codes: {taken.added:,} new ones.")
            admin.message_user(request, said, messages.SUCCESS if taken.added else messages.WARNING)
            return HttpResponseRedirect(address_of(promotion))
    title = f"Codes of {promotion}, {promotion.program}"
    context = {"row": promotion, "back": address_of(promotion), "panels": [_about()], "form": form}
    return admin.draw(
        request, "admin/change_of_policy.html", title=title, buttons=[_ADD, _MAKE], details=[], **context
    )


def _about() -> Panel:
    return Sentences(
        "Before you begin",
        [
            "Lines that are wrong are named, and then nothing is taken.",
            "Codes that stand there twice, or that the promotion has, are counted and change nothing.",
            "A million takes some ten seconds; the command manage.py promotion may take longer.",
        ],
    )


def _file(admin: ModelAdmin, request: StaffRequest, object_id: str) -> StreamingHttpResponse:
    promotion = found(Promotion.objects.select_related("program"), object_id)
    admin.log_change(request, promotion, "The codes that nobody has used were downloaded.")
    parts = promotion_codes.as_csv(promotion)
    return csv_lines.download(parts, f"{promotion.program.code}-{promotion.code}-codes")


class PromotionCodes(Extension[Promotion]):
    """The page with codes to add, and a file of those that nobody has used."""

    actions_detail = [{"title": "Codes", "items": ["add_codes", "download_codes"]}]
    subpages = [
        Subpage(route="codes", name="codes", permission=CHANGE, view=_page),
        Subpage(route="unused-codes", name="unused_codes", permission=CHANGE, view=_file),
    ]

    @action(description="Add codes", permission=CHANGE, icon="qr_code")
    def add_codes(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(_address("codes", object_id))

    @action(description="Download unused codes", permission=CHANGE, icon="download")
    def download_codes(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(_address("unused_codes", object_id))


def _address(page: str, object_id: str) -> str:
    promotion = found(Promotion.objects.all(), object_id)
    return reverse(f"admin:programs_promotion_{page}", args=[promotion.pk])


site.extend(Promotion, PromotionCodes)
