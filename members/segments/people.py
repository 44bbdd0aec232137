"""Which members were given a tag, or speak a language?"""

from django import forms
from django.db.models import OuterRef, Q

from members.models import Tag
from members.segments.finding import there_is
from members.segments.persons import whose
from programs.segments.base import Condition, Scope, Surroundings
from programs.segments.fields import TextsField
from programs.segments.registry import register
from programs.segments.wording import either
from programs.written import language_tag


class TagsParams(forms.Form):
    """Tags, of which one is enough."""

    names = TextsField(longest=60, label="Has one of these tags", help_text="Separated by commas.")


@register
class Tagged(Condition):
    """Who has one of these tags, as they are written."""

    key, label, family, place, Params = "tags", "Tags", "The person", 41, TagsParams

    def say(self, around: Surroundings) -> str:
        return f"have the tag {either(self.params['names'])}"

    def asked(self, scope: Scope) -> Q:
        return there_is(Tag.objects.filter(customer=OuterRef("customer"), name__in=self.params["names"]))


class LanguagesParams(forms.Form):
    """Languages, of which one is enough."""

    languages = TextsField(longest=10, label="Speaks", help_text="Like en or pt-BR, separated by commas.")

    def clean_languages(self) -> list[str]:
        """Refuse what is written like no language."""
        named: list[str] = self.cleaned_data["languages"]
        for one in named:
            language_tag(one)
        return named


@register
class Speaks(Condition):
    """Who speaks one of these languages, whatever the region: pt is also pt-BR, and pt-BR is nothing else."""

    key, label, family, place, Params = "language", "Language", "The person", 42, LanguagesParams

    def say(self, around: Surroundings) -> str:
        return f"speak {either(self.params['languages'])}"

    def asked(self, scope: Scope) -> Q:
        named = self.params["languages"]
        asked = Q(language__in=named)
        for one in named:
            asked |= Q(language__startswith=f"{one}-")
        return whose(asked)
