"""Which members belong to another segment?"""

from collections.abc import Iterator

from django import forms
from django.db.models import Q

from programs.checks import clipped
from programs.segments.base import Condition, Scope, Surroundings, Unmet
from programs.segments.fields import CodeField
from programs.segments.registry import register


class SegmentParams(forms.Form):
    """The other segment."""

    code = CodeField(label="Belongs to the segment", help_text="Its code.")


@register
class Belongs(Condition):
    """Who is in another segment, by its conditions of now; in one that is switched off is nobody."""

    key, label, family, place, Params = "segment", "Another segment", "Segments", 60, SegmentParams

    def unmet(self, around: Surroundings) -> Unmet:
        if self.params["code"] not in around.segments:
            yield "code", f"the program has no segment “{clipped(self.params['code'])}”"

    def segments(self) -> Iterator[str]:
        yield self.params["code"]

    def say(self, around: Surroundings) -> str:
        code = self.params["code"]
        return f"belong to the segment {around.segments.get(code, code)}"

    def asked(self, scope: Scope) -> Q:
        return scope.segment(self.params["code"])
