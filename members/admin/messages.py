"""How does a message read for a real member? A page beside the message, with what they would see."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from loyalty_site.lib.admin import (
    Dialog,
    Extension,
    ModelAdmin,
    StaffRequest,
    Subpage,
    action,
    dialog,
    dressed,
    found,
    site,
)
from loyalty_site.lib.panels import address_of
from loyalty_site.lib.refusals import Refused
from members import search
from members.messages import previewing, trying
from members.models import Member
from partners.channels.base import Person, Sent
from programs.admin.messages import PERMISSION
from programs.models import Message

#: So many who fit what was typed are named.
_MOST_NAMED = 3


class PreviewForm(forms.Form):
    """For whom, in which language, and of what."""

    member = dressed(
        forms.CharField(
            required=False,
            max_length=100,
            help_text="Number, card, e-mail, phone or last name; empty: somebody made up.",
        )
    )
    language = forms.ChoiceField(required=False)
    of = dressed(
        forms.ChoiceField(
            required=False,
            label="What happened",
            choices=[("", "An example"), ("latest", "The latest that happened to the member")],
        )
    )

    def __init__(self, message: Message, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        self.message = message
        written = [(text.language, text.language) for text in message.texts.all()]
        language = forms.ChoiceField(required=False, choices=[("", "That of the member"), *written])
        self.fields["language"] = dressed(language)

    def clean_member(self) -> Member | None:
        """The one member of the program who fits what was typed."""
        typed: str = self.cleaned_data["member"]
        if not typed:
            return None
        of_program = Member.objects.filter(program=self.message.program_id).select_related("customer")
        fitting = list(search.matching(of_program, typed)[: _MOST_NAMED + 1])
        if not fitting:
            raise forms.ValidationError("No member of the program fits this.")
        if len(fitting) > 1:
            numbers = ", ".join(member.number for member in fitting[:_MOST_NAMED])
            raise forms.ValidationError(f"Several members fit this; write the number of one: {numbers} …")
        return fitting[0]


class TestForm(Dialog):
    """In which language, and where to."""

    language = forms.CharField(max_length=10, help_text="Of one of its texts, like en.")
    to = forms.CharField(
        max_length=40,
        required=False,
        label="Your phone number",
        help_text="For text messages, like +33612345678. An e-mail goes to the address of your own login.",
    )


def _page(admin: ModelAdmin, request: StaffRequest, object_id: str) -> HttpResponse:
    rows = Message.objects.select_related("program", "connection__partner").prefetch_related("texts")
    message = found(rows, object_id)
    form = PreviewForm(message, request.GET)
    shown, told = None, ""
    if form.is_valid():
        member: Member | None = form.cleaned_data["member"]
        data = previewing.latest_data(message, member) if member and form.cleaned_data["of"] else None
        if form.cleaned_data["of"] and data is None:
            told = "It has not happened to the member yet, or nobody was told: this is the example."
        language = form.cleaned_data["language"] or (member.customer.language if member else "")
        shown = previewing.preview(message, language, member=member, data=data)
    return admin.draw(
        request,
        "admin/programs/message_preview.html",
        title=f"Preview, {message}",
        message=message,
        form=form,
        shown=shown,
        told=told,
        back=address_of(message),
    )


class MessagePreview(Extension[Message]):
    """The page, and the way to it for those who may use it."""

    actions_detail = ["see_preview", "send_test"]
    subpages = [Subpage(route="preview", name="preview", permission=PERMISSION, view=_page)]

    @action(description="Preview", permission=PERMISSION, icon="preview")
    def see_preview(self, request: StaffRequest, object_id: str) -> HttpResponse:
        message = found(Message.objects.all(), object_id)
        return HttpResponseRedirect(reverse("admin:programs_message_preview", args=[message.pk]))

    @action(
        description="Send a test to myself",
        permission=PERMISSION,
        icon="outgoing_mail",
        dialog=dialog(
            "Send it to yourself?",
            "It is filled with the values of an example and leaves at once, through the connection of the message. "
            "No member hears of it.",
            "Send",
            TestForm,
        ),
    )
    def send_test(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        rows = Message.objects.select_related("connection__partner").prefetch_related("texts")
        message = found(rows, object_id)
        language, phone = form.cleaned_data["language"], form.cleaned_data["to"]
        text = next((text for text in message.texts.all() if text.language == language), None)
        if text is None:
            there = ", ".join(text.language for text in message.texts.all()) or "none yet"
            raise Refused(f"The message has no text in this language. There are: {there}.", field="language")
        person = Person(request.user.get_full_name(), request.user.email, phone)
        try:
            outcome = trying.send(message, text, person)
        except trying.NotTried as error:
            raise Refused(f"{error} Fill in the e-mail address of your login, or your phone number.") from error
        if not isinstance(outcome, Sent):
            raise Refused(f"It was not taken: {outcome.reason}")
        return self.admin.done(
            request, message, log=f"A test in {language} was sent to {request.user}.", say="The test was sent to you."
        )


site.extend(Message, MessagePreview)
