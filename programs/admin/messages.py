"""Where does marketing write what members hear, in which languages, and when they are left alone?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Field, ForeignKey, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    Dialog,
    Fieldsets,
    HistoryAdmin,
    RelatedDropdownFilter,
    StackedInline,
    StaffRequest,
    action,
    dialog,
    display,
    found,
    widgets,
)
from loyalty_site.lib.forms import ModelForm
from loyalty_site.lib.read_along import ReadAlongFormSet, read_choices
from loyalty_site.lib.refusals import Refused
from partners import channels
from partners.channels.base import Ability
from partners.events import EVENTS
from partners.models import Connection
from programs.messages import ready_texts, variables
from programs.models import Currency, Message, MessagePolicy, MessageText, Segment
from programs.models.messages import FOR_STAFF_ONLY, REMINDERS

PERMISSION = "programs.change_message"
#: What is chosen of the program that the message is of.
_OF_PROGRAM: dict[str, type[Currency] | type[Segment]] = {"currency": Currency, "segment": Segment}

FIELDSETS: Fieldsets = [
    (
        None,
        {
            "fields": [
                "program",
                "name",
                ("event", "days_before"),
                "currency",
                "segment",
                ("connection", "purpose"),
                ("digest", "is_active"),
            ]
        },
    ),
    ("What its texts can name", {"fields": ["names"], "classes": ["collapse"]}),
]


class MessageForm(ModelForm):
    """Only reminders go so many days before, and of some events no member can be told."""

    instance: Message

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        widget = self.fields["event"].widget if "event" in self.fields else None
        if isinstance(widget, forms.Select) and not self._may_be_for_staff():
            # Not what the field takes: whoever sends one of these is told by the model what is wrong with it.
            widget.choices = [one for one in widget.choices if one[0] not in FOR_STAFF_ONLY]

    def _may_be_for_staff(self) -> bool:
        return self.instance.event in FOR_STAFF_ONLY or ways_to_staff().exists()

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.cleaned_data.get("event") not in REMINDERS:
            # Its field is not shown then.
            self.cleaned_data["days_before"] = None
        return cleaned


class TextFormSet(ReadAlongFormSet):
    """The texts of one message: an active one needs some."""

    def clean(self) -> None:
        super().clean()
        there = [form for form in self.forms if form.instance.pk or form.has_changed()]
        if self.instance.is_active and all(form in self.deleted_forms for form in there):
            # Ready texts are added to a message that is saved.
            raise ValidationError("An active message needs a text: write one, or save it without “Active” first.")


class MessageTextInline(StackedInline):
    """The words in each language."""

    model = MessageText
    formset = TextFormSet
    fields = ["language", "subject", "text", "html"]
    verbose_name = "text"

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if db_field.name in ("text", "html"):
            rows = {"text": 10, "html": 6}[db_field.name]
            kwargs["widget"] = widgets.UnfoldAdminTextareaWidget(attrs={"rows": rows, "class": "loyalty-template"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Message)
class MessageAdmin(HistoryAdmin):
    """What members hear, of which event, through which channel."""

    form = MessageForm
    icon, place = "mark_email_read", 9
    list_display = ["name", "program", "told", "connection", "purpose", "languages", "is_active"]
    list_filter = [
        ["program", RelatedDropdownFilter],
        ["event", ChoicesDropdownFilter],
        ["purpose", ChoicesDropdownFilter],
        "is_active",
    ]
    list_select_related = ["program", "connection__partner"]
    search_fields = ["name"]
    autocomplete_fields = ["program"]
    fixed_fields = ["program"]
    conditional_fields = {"days_before": " || ".join(f"event == '{name}'" for name in REMINDERS)}
    readonly_fields = ["names"]
    fieldsets = FIELDSETS
    inlines = [MessageTextInline]
    actions_detail = ["use_ready_texts"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).prefetch_related("texts")

    def get_fieldsets(self, request: HttpRequest, obj: Message | None = None) -> Any:
        if obj:
            return FIELDSETS
        # Before the program is chosen nobody knows its parts, and before the event what there is to name.
        fields = FIELDSETS[0][1]["fields"]
        return [(None, {"fields": [name for name in fields if name not in _OF_PROGRAM]})]

    def get_form(self, request: HttpRequest, obj: Message | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        for name, kind in _OF_PROGRAM.items():
            field = form.base_fields.get(name)
            if isinstance(field, forms.ModelChoiceField) and obj:
                field.queryset = kind._default_manager.filter(program=obj.program_id)
        return form

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        if db_field.name == "connection":
            kwargs["queryset"] = ways_to_people()
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "connection":
            read_choices(field)
        return field

    @display(description="told of", ordering="event")
    def told(self, message: Message) -> str:
        days = f", {message.days_before} days before" if message.days_before else ""
        return f"{message.get_event_display()}{days}"

    @display(description="languages", empty_value="none yet")
    def languages(self, message: Message) -> str | None:
        return ", ".join(text.language for text in message.texts.all()) or None

    @display(description="write")
    def names(self, message: Message) -> str:
        rows = variables.described(message.event) if message.event in EVENTS else []
        lines = format_html_join("", "<li><code>{{{{ {} }}}}</code> {} <em>{}</em></li>", rows)
        return format_html('<ul class="loyalty-sentences">{}</ul>', lines)

    @action(
        description="Use the ready texts",
        permission=PERMISSION,
        icon="auto_stories",
        dialog=dialog(
            "Begin with our words?",
            "For each language in which there are ready words, and in which the message has none yet, they are added "
            "to it. Change them as you like.",
            "Add them",
        ),
    )
    def use_ready_texts(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        message = found(Message.objects.select_related("connection").prefetch_related("texts"), object_id)
        added = add_ready_texts(message)
        languages = ", ".join(text.language for text in added)
        return self.done(
            request, message, log=f"Ready texts were added: {languages}.", say=f"Texts were added: {languages}."
        )


def ways_to_people() -> QuerySet[Connection]:
    """The connections through which words reach members, or staff."""
    able = [slug for slug, channel in channels.registry.items() if channel.can & {Ability.MESSAGE, Ability.NOTE}]
    return Connection.objects.filter(platform__in=able).select_related("partner").defer("credentials")


def ways_to_staff() -> QuerySet[Connection]:
    """Those of them that reach staff alone."""
    able = [slug for slug, channel in channels.registry.items() if channel.is_for_staff()]
    return Connection.objects.filter(platform__in=able)


def add_ready_texts(message: Message) -> list[MessageText]:
    """Give the message the ready words in each language in which it has none. Raises Refused where there are none."""
    has = {text.language for text in message.texts.all()}
    ready = [
        (language, ready_texts.words(message.event, language, message.use.channel))
        for language in ready_texts.languages(message.event)
        if language not in has
    ]
    added = [
        MessageText(message=message, language=language, subject=words.subject, text=words.text, html=words.html)
        for language, words in ready
        if words
    ]
    if not added:
        there = ", ".join(ready_texts.languages(message.event)) or "none"
        raise Refused(f"There are no ready words that the message has not yet. Languages with ready words: {there}.")
    for text in added:
        text.full_clean()
        text.save()
    return added


class MessagePolicyInline(StackedInline):
    """When members are left alone."""

    model = MessagePolicy
    fields = [("quiet_from", "quiet_until"), ("most_per_day", "most_per_week"), "digest_at"]
    verbose_name_plural = "messages"
    max_num = 1
    tab = True
