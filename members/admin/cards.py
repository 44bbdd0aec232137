"""How is a card given to a member?"""

from loyalty_site.lib import notation
from loyalty_site.lib.admin import TabularInline
from loyalty_site.lib.forms import ModelForm
from members.models import Card


class CardForm(ModelForm):
    """A card belongs to its member's program, in which its number must be unique."""

    instance: Card

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"]
        # Of two cards that differ in letter case only, the later one is known as it is written.
        return number if number == self.instance.number else notation.card(number)

    def _post_clean(self) -> None:
        member = self.cleaned_data.get("member") or getattr(self.instance, "member", None)
        if member:
            self.instance.program_id = member.program_id
        super()._post_clean()

    def _get_validation_exclusions(self) -> set[str]:
        # Not on the form, but known: else a number that is taken would reach the database.
        return super()._get_validation_exclusions() - {"program"}


class CardInline(TabularInline):
    """The cards of a member."""

    model = Card
    form = CardForm
    fields = ["number", "is_active"]
