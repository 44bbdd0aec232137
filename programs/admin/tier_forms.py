"""How are a ladder, its tiers and their benefits typed? Thresholds of each currency that counts in the unit of it."""

from collections.abc import Sequence
from typing import Any

from loyalty_site.lib.forms import Errors, ModelForm
from loyalty_site.lib.units import UnitsField, UnitsForm, ValueOf
from programs import checks, ladder_checks
from programs.admin.unit_forms import of_currency, units
from programs.forms import field_of
from programs.models import Benefit, Currency, Tier, TierGroup


class TierGroupForm(ModelForm):
    """A ladder: what it counts, and what that means for who has reached a tier."""

    instance: TierGroup

    class Meta:
        help_texts = {
            "model": "Which points decide about a tier.",
            "match": "Where several currencies count.",
            "further_currencies": "Qualifying currencies that count beside the first, for example segments beside "
            "miles. Once they are saved, each tier has a threshold in them.",
            "validity": "How long a tier is held once it is reached. Reaching it again renews it.",
            "period_end": "Of the validity period.",
            "rounding": "The last day of the validity period moves to this end.",
            "on_end": "Where a member goes who has not kept the tier.",
            "on_reversal": "When the purchase that reached a tier is refunded.",
            "late_window": "For so many days after a cycle has closed, what happened in it still counts in it.",
            "rollover_limit": "At most so many points of each currency; empty: all.",
        }

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        further = self.cleaned_data.get("further_currencies")
        if further is not None:
            self.instance.coming = sorted(further, key=lambda currency: currency.code)
            self._check_further(self.instance.coming)
        return cleaned

    def _check_further(self, further: Sequence[Currency]) -> None:
        program, first = self.cleaned_data.get("program"), self.cleaned_data.get("currency")
        own = program.pk if program else self.instance.program_id
        if any(currency.program_id != own for currency in further):
            self.add_error("further_currencies", "Choose currencies of the same program.")
            return
        codes = [currency.code for currency in further]
        kinds = {currency.code: currency.kind for currency in further}
        model = self.cleaned_data.get("model", "")
        for problem in ladder_checks.further(first.code if first else "", codes, kinds, model=model):
            self.add_error("further_currencies", checks.sentence_of(problem.message))


class TierForm(UnitsForm):
    """A tier: its thresholds are in points of the currencies that its group counts."""

    instance: Tier
    #: {code of a further currency: its decimals}, where the form asks for them.
    further: dict[str, int] = {}

    threshold = units(
        initial=0,
        required=False,
        help_text="Points that reach it, for example 500; 0: everybody; empty: only granted.",
    )
    retention = units(
        required=False, label="To keep it", help_text="Points that keep it when it ends; empty: as many as reach it."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code in self.further:
            for what, number in ((self.instance.further or {}).get(code) or {}).items():
                self.initial.setdefault(further_field(code, what), number)

    @classmethod
    def decimals_of(cls, name: str, value: ValueOf) -> int | None:
        for code, decimals in cls.further.items():
            if name in (further_field(code, "threshold"), further_field(code, "retention")):
                return decimals
        group = value("group")
        if group is not None and group.currency is None:
            return 0
        return of_currency(getattr(group, "currency", None))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        kept = {code: one for code, one in (self.instance.further or {}).items() if code not in self.further}
        for code in self.further:
            asked = {what: self.cleaned_data.get(further_field(code, what)) for what in ("threshold", "retention")}
            if any(number is not None for number in asked.values()):
                kept[code] = asked
        self.instance.further = kept
        return cleaned

    def place_error(self, name: str | None, errors: Errors) -> None:
        """Errors of further currencies come as "segments.threshold: must be …"; they go beside that field."""
        if name != "further":
            super().place_error(name, errors)
            return
        for error in errors if isinstance(errors, list) else [errors]:
            for message in getattr(error, "messages", [error]):
                path, _, rest = message.partition(": ")
                super().place_error(field_of(self.fields, f"further.{path}"), checks.sentence_of(rest.rstrip(".")))


def further_field(code: str, what: str) -> str:
    """The name of the field for the "threshold" or "retention" of a further currency."""
    return f"further_{code}_{what}"


def further_fields(further: Sequence[Currency]) -> dict[str, UnitsField]:
    """The fields that a tier has for the further currencies of its group, by their names."""
    found: dict[str, UnitsField] = {}
    for currency in further:
        reach = units(
            required=False, label=currency.name, help_text=f"{currency.name} that reach it; empty: none do."
        )
        keep = units(
            required=False,
            label=f"{currency.name} to keep it",
            help_text=f"{currency.name} that keep it; empty: as many as reach it.",
        )
        found |= {further_field(currency.code, "threshold"): reach, further_field(currency.code, "retention"): keep}
    return found


def tier_form(further: Sequence[Currency]) -> type[TierForm]:
    """The form of a tier whose group counts these further currencies."""
    own = {"further": {currency.code: currency.decimals for currency in further}, "__module__": __name__}
    return type("TierForm", (TierForm,), own | further_fields(further))


class BenefitForm(ModelForm):
    """What else than points a tier gives."""

    class Meta:
        model = Benefit
        fields = ("name", "code", "kind", "starts_on", "ends_on", "text", "details")
        help_texts = {"details": 'What its kind needs, as JSON, like {"voucher": "upgrade"}; empty: nothing.'}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "details" in self.fields:
            # Its default is made anew for each row, which Django would compare with by a hidden field.
            self.fields["details"].show_hidden_initial = False

    def clean_details(self) -> Any:
        details = self.cleaned_data["details"]
        return {} if details is None else details
