"""How are the terms of a program edited, and what is surely wrong with it as it would be saved?"""

from collections.abc import Mapping
from typing import Any

from loyalty_site.lib import money
from loyalty_site.lib.units import UnitsForm, ValueOf
from programs import document, scoring
from programs.admin.unit_forms import units
from programs.models import Program

#: What decides whether what rules name is known, and whether it is refused.
DECIDING = ("channels", "owner", "strictness")


class ProgramForm(UnitsForm):
    """The terms of a program itself."""

    instance: Program

    score_money = units(
        initial=scoring.USUAL.money,
        label="Money with full marks",
        help_text="So much in these days, in the base currency, is 100 of 100 for spend.",
    )

    class Meta:
        help_texts = {"status": "Only an active program enrols members and takes transactions."}

    @staticmethod
    def decimals_of(name: str, value: ValueOf) -> int | None:
        code = value("money")
        return money.exponent(code) if code else None

    @property
    def activates(self) -> bool:
        """Whether it makes the program active that was not before."""
        is_new = "status" in self.changed_data or self.instance._state.adding
        return is_new and self.cleaned_data.get("status") == Program.Status.ACTIVE

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.cleaned_data.get("strictness") == Program.Strictness.REFUSE:
            becomes_strict = "strictness" in self.changed_data
            is_active = self.cleaned_data.get("status") == Program.Status.ACTIVE
            if self.activates or (becomes_strict and is_active):
                for what in lacks(self.instance):
                    self.add_error("status" if self.activates else "strictness", f"{what} Make it a draft first.")
            for place in [name for name in DECIDING if name in self.changed_data][:1]:
                for what in doubts(self.instance, self.cleaned_data):
                    self.add_error(place, what)
        return cleaned


def doubts(program: Program, changed: Mapping[str, Any]) -> list[str]:
    """Sentences about what its rules and promotions would name in vain, were the program `changed` so."""
    if not program.pk:
        return []
    described = document.export(program)
    owner = changed.get("owner") or program.owner
    # What is given up as the owner would no longer take part; who comes instead does.
    described["program"] |= {"owner": owner.code, "channels": changed.get("channels", program.channels)}
    found = document.unknown_by_part(described)
    names = {"rules": "Rule", "promotions": "Promotion"}
    return [f"{names[part]} “{described[part][place]['name']}”: {problem.message}." for part, place, problem in found]


def lacks(program: Program) -> list[str]:
    """Sentences about what an active program cannot do without, and this one has not."""
    found = []
    if not program.pk or not program.currencies.exists():
        found.append("The program has no currency, so it gives no points.")
    if not program.pk or not program.rules.filter(is_active=True).exists():
        found.append("The program has no rule that is switched on, so it gives points for nothing.")
    return found
