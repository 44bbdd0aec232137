"""Which fields has a connection on its page? Those of its channel's credentials, besides its own.

They are made of the channels' forms, so that a new channel has its fields without a line here. What is secret is
never drawn: an empty field keeps it.
"""

from typing import Any

from django import forms

from loyalty_site.lib.admin import dressed
from loyalty_site.lib.forms import ModelForm
from partners import channels, connecting
from partners.channels.base import Channel
from partners.models import Connection

KEPT = "Kept; leave it empty to keep it."
ELSEWHERE = "Paste it again: it would go to another address than before."


def name_of(slug: str, field: str) -> str:
    """How a field of a channel's credentials is called on the page."""
    return f"{slug}_{field}"


def fields_of(channel: type[Channel]) -> list[str]:
    """The fields of a channel's credentials as the page calls them."""
    return [name_of(channel.slug, name) for name in channel.Credentials.base_fields]


#: {field: the condition on other fields under which it is shown}, as the theme evaluates it.
SHOWN_FOR = {
    name_of(slug, field): f"{name_of(slug, other)} == '{value}'"
    for slug, channel in channels.registry.items()
    for field, (other, value) in channel.only_for.items()
}


class ConnectionForm(ModelForm):
    """A connection; a subclass for each channel has the fields of its credentials."""

    instance: Connection
    #: Whose credentials are on the page, None where there are none.
    channel: type[Channel] | None = None
    #: What is to be stored, None where nothing was changed.
    credentials: dict[str, str] | None = None

    class Meta:
        model = Connection
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept: dict[str, str] = {}
        if self.channel is None or not self.instance.pk:
            return
        try:
            self.kept = connecting.kept(self.instance)
        except connecting.Unreadable:
            # The page says so above the form.
            self.kept = {}
        for name in self.channel.Credentials.base_fields:
            field = self.fields.get(name_of(self.channel.slug, name))
            if field is None or not self.kept.get(name):
                continue
            if _is_secret(field):
                field.widget.attrs["placeholder"] = KEPT
            else:
                self.initial[name_of(self.channel.slug, name)] = self.kept[name]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.channel is not None and fields_of(self.channel)[:1] and fields_of(self.channel)[0] in self.fields:
            self._clean_credentials(self.channel, cleaned)
        return cleaned

    def _clean_credentials(self, channel: type[Channel], cleaned: dict[str, Any]) -> None:
        """Let the channel's own form check what would be stored; its errors are shown beside the fields here."""
        given = {name: self._given(channel, name, cleaned) for name in channel.Credentials.base_fields}
        checked = channel.Credentials(given)
        for name, errors in checked.errors.items():
            field = name_of(channel.slug, name) if name in given else None
            if field not in self.errors:
                self.add_error(field, list(errors))
        if checked.is_valid():
            self._refuse_to_send_elsewhere(channel, checked.cleaned_data, cleaned)
        wanted = {name: str(value) for name, value in checked.cleaned_data.items() if value}
        if checked.is_valid() and wanted != self.kept:
            self.credentials = wanted

    def _refuse_to_send_elsewhere(
        self, channel: type[Channel], wanted: dict[str, Any], cleaned: dict[str, Any]
    ) -> None:
        """What is kept is shown to nobody, and so not sent to an address that somebody types either."""
        if not self.kept or not channel.sent_to:
            return
        before = self.kept.get(channel.sent_to) or channel.Credentials.base_fields[channel.sent_to].initial
        if wanted[channel.sent_to] in ("", before):
            return
        for name, value in wanted.items():
            field = name_of(channel.slug, name)
            if value and _is_secret(self.fields[field]) and not cleaned.get(field):
                self.add_error(field, ELSEWHERE)

    def _given(self, channel: type[Channel], name: str, cleaned: dict[str, Any]) -> str:
        field = name_of(channel.slug, name)
        typed = cleaned.get(field) or ""
        return typed or (self.kept.get(name, "") if _is_secret(self.fields[field]) else "")


def _is_secret(field: forms.Field) -> bool:
    return isinstance(field.widget, forms.PasswordInput)


def _on_page(field: forms.Field) -> forms.Field:
    """The field as the page shows it: whether it has to be filled in is said by the channel's form, which knows what
    is kept."""
    shown = dressed(field)
    if _is_secret(shown):
        shown.widget.attrs["autocomplete"] = "new-password"
    shown.required = shown.widget.is_required = False
    return shown


def form_for(channel: type[Channel]) -> type[ConnectionForm]:
    """The form of a connection through `channel`."""
    fields = {name_of(channel.slug, name): _on_page(field) for name, field in channel.Credentials.base_fields.items()}
    return type(f"{channel.__name__}ConnectionForm", (ConnectionForm,), {**fields, "channel": channel})
