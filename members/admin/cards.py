"""How is a card given to a member?"""

from loyalty_site.lib.admin import TabularInline
from loyalty_site.lib.forms import ModelForm
from members.models import Card


class CardForm(ModelForm):
    """A card belongs to its member's program, in which its number must be unique."""

    instance: Card

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
