"""Where does a text, or JSON, name a person who is to be forgotten? Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from loyalty_site.lib.json_types import Json
from members.lookup import IDENTIFIERS

#: Stands where something named the person.
ERASED = "erased"

#: Names by which JSON says what identifies a member.
_IDENTIFIERS = frozenset(IDENTIFIERS)


@dataclass(frozen=True, slots=True)
class Words:
    """By what somebody is known: membership `numbers` of before, each with the one that takes its place; `texts` that
    are nobody else's, such as addresses and cards; `ids` of other systems, which mean the person only where a member
    is named; `names`, which may be words of other things and are looked for in lists of staff's doings alone.
    """

    numbers: Mapping[str, str]
    texts: frozenset[str]
    ids: frozenset[str]
    names: frozenset[str]
    _pattern: re.Pattern[str] | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pattern", _any_of({*self.numbers, *self.texts}))

    def numbered(self, numbers: Mapping[str, str]) -> "Words":
        """The same with the numbers that take the place of those of before."""
        return replace(self, numbers=numbers)

    @property
    def searched(self) -> list[str]:
        """What is looked for in columns of the database."""
        return sorted({*self.numbers, *self.texts})

    def out_of_text(self, text: str) -> str:
        """The text without the person."""
        if self._pattern is None:
            return text
        known = {key.lower(): number for key, number in self.numbers.items()}
        return self._pattern.sub(lambda found: known.get(found[0].lower()) or ERASED, text)

    def out_of(self, value: Json, *, number: str = "") -> Json:
        """The same JSON without the person; a member who is named otherwise than by number is called `number`."""
        if isinstance(value, str):
            return self.out_of_text(value)
        if isinstance(value, Mapping):
            if self._names(value):
                said = value.get("number")
                return {"number": (self.numbers.get(said) if isinstance(said, str) else "") or number or ERASED}
            return {key: self.out_of(part, number=number) for key, part in value.items()}
        if isinstance(value, Sequence):
            return [self.out_of(part, number=number) for part in value]
        return value

    def _names(self, value: Mapping[str, Json]) -> bool:
        """Whether this identifies the person as a member, as senders do: {"email": ...}."""
        if not value or not value.keys() <= _IDENTIFIERS:
            return False
        said = {text for text in value.values() if isinstance(text, str)}
        known = {*self.numbers, *self.texts, *self.ids}
        return bool(said & known) or any(self.out_of_text(text) != text for text in said)


def _any_of(texts: set[str]) -> re.Pattern[str] | None:
    """Finds any of these as words of their own, whatever the case of their letters."""
    wanted = sorted(filter(None, texts), key=len, reverse=True)
    if not wanted:
        return None
    return re.compile(r"(?<![\w])(?:" + "|".join(map(re.escape, wanted)) + r")(?![\w])", re.IGNORECASE)
