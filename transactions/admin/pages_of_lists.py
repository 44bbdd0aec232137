"""On which page of a long list is somebody, and where are the others?"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Pages:
    """Page `number` of a list of `of` rows, `size` on each; of the pages, `most` can be turned to."""

    request: HttpRequest
    number: int
    size: int
    of: int
    most: int

    @staticmethod
    def asked(request: HttpRequest, *, most: int) -> int:
        """The page that the address asks for, the first one where it asks for none that there is."""
        text = request.GET.get("page", "")
        number = int(text) if text.isdecimal() and len(text) <= len(str(most)) else 1
        return number if 1 <= number <= most else 1

    @property
    def first(self) -> int:
        """The place of the first row of the page, from 1 on; 0 where there are none."""
        return min((self.number - 1) * self.size + 1, self.of)

    @property
    def last(self) -> int:
        """The place of its last row."""
        return min(self.number * self.size, self.of)

    @property
    def previous(self) -> str:
        """The address of the page before, "" for none."""
        return self._to(self.number - 1) if self.number > 1 else ""

    @property
    def next(self) -> str:
        """The address of the page behind, "" for none that can be turned to."""
        return self._to(self.number + 1) if self.last < self.of and self.number < self.most else ""

    def _to(self, number: int) -> str:
        query = self.request.GET.copy()
        query["page"] = str(number)
        return f"?{query.urlencode()}"
