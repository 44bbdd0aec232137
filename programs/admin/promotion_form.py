"""Which fields does a promotion have on its page? Its own, and one for each condition there is."""

from typing import Any

from django import forms

from loyalty_site.lib.admin import Dialog, dressed
from programs.admin.conditions_form import ConditionsForm
from programs.models import Promotion


class PromotionForm(ConditionsForm):
    """A promotion by the fields of its conditions."""

    instance: Promotion

    class Meta:
        model = Promotion
        fields = ()


class ReasonForm(Dialog):
    """Why something is done."""

    reason = dressed(forms.CharField(max_length=80, help_text="Kept in the history; others will read it."))


class CopyForm(Dialog):
    """How the copy is called."""

    name = forms.CharField(max_length=Promotion._meta.get_field("name").max_length)
    code = forms.SlugField(
        max_length=Promotion._meta.get_field("code").max_length,
        help_text="Letters, digits and hyphens; no other promotion of the program has it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        promotion = Promotion.objects.filter(pk=self.object_id or 0).first()
        if promotion:
            self.fields["name"].initial = f"{promotion.name} again"[: Promotion._meta.get_field("name").max_length]
