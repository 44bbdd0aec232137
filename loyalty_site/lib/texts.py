"""Which texts are taken? What both databases can hold, what shows something, and what shows as it is stored.

And what does one list?
"""

import json
import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import models

#: Controls of direction: what stands behind one of them on a line reads otherwise than it is stored.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: The same as a regular expression of JSON Schema, with what cannot be stored. Whether something of a text is seen
#: depends on the categories of its characters, which such an expression cannot ask for alike everywhere.
STORABLE_PATTERN = r"^[^\u0000\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]*$"
#: Letters and symbols by their category, of which nothing is seen.
_EMPTY_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

UNSTORABLE = "Send Unicode text without NUL characters."
TURNED = "Leave out the invisible characters that turn the direction of the text (such as U+202E)."
BLANK = "Blanks alone say nothing: write something that can be seen, or leave it empty."


def wrong_text(value: object) -> str:
    """What has to be done about `value` before it is taken as a text, as a sentence; "" where nothing is wrong.

    Nobody takes half a surrogate pair, and PostgreSQL no NUL.
    """
    if not isinstance(value, str) or "\0" in value:
        return UNSTORABLE
    if value.isascii():
        return BLANK if value.isspace() else ""
    if any("\ud800" <= char <= "\udfff" for char in value):
        return UNSTORABLE
    if not _BIDI.isdisjoint(value):
        return TURNED
    return "" if any(map(_is_seen, value)) else BLANK


def listed(text: str) -> frozenset[str]:
    """The parts of a comma separated list: "purchase, visit" -> {"purchase", "visit"}."""
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _is_seen(char: str) -> bool:
    """Whether something is seen of a character: it is no blank, no control, no format character or its like."""
    return unicodedata.category(char)[0] not in "ZC" and char not in _EMPTY_LETTERS


def check_text(value: object) -> None:
    """The same as a validator of a column; also of one that holds JSON, with all texts in it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if wrong := wrong_text(text):
        raise ValidationError(wrong, code="invalid_text")


def watch(kinds: Iterable[type[models.Model]]) -> None:
    """Let each text of these models be checked, also of a package's: wherever one is typed, somebody reads it."""
    for column in (column for kind in kinds for column in kind._meta.fields):
        # Tables of earlier versions share the list with the table that they are of.
        is_text = isinstance(column, models.CharField | models.TextField | models.JSONField)
        if is_text and check_text not in column.validators:
            column.validators.append(check_text)
