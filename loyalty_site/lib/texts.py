"""Which texts are taken? What both databases can hold, what shows something, and what shows as it is stored.

And what does one list?
"""

import re
import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import models

#: Controls of direction: what stands behind one of them on a line reads otherwise than it is stored.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Controls of terminals and printers, of which nothing is seen; blanks, tabs and line ends are none of them.
_CONTROLS = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
#: The same as a regular expression of JSON Schema, with what cannot be stored. Whether something of a text is seen
#: depends on the categories of its characters, which such an expression cannot ask for alike everywhere.
STORABLE_PATTERN = (
    r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]*$"
)
#: Letters and symbols by their category, of which nothing is seen.
_EMPTY_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
#: What chooses between looks of the character before it.
_EMPTY_LETTERS |= frozenset(map(chr, range(0xFE00, 0xFE10)))

UNSTORABLE = "Send Unicode text without NUL characters."
TURNED = "Leave out the invisible characters that turn the direction of the text (such as U+202E)."
CONTROL = "Leave out control characters (such as U+001B); of those that show nothing, tabs and line ends are taken."
BLANK = "Blanks alone say nothing: write something that can be seen, or leave it empty."


def wrong_text(value: object) -> str:
    """What has to be done about `value` before it is taken as a text, as a sentence; "" where nothing is wrong.

    Nobody takes half a surrogate pair, and PostgreSQL no NUL.
    """
    if isinstance(value, str) and value.isascii() and value.isprintable():
        # As nearly all are.
        return BLANK if value.isspace() else ""
    if not isinstance(value, str) or cannot_be(value):
        return UNSTORABLE
    if value.isascii():
        return CONTROL if _CONTROLS.search(value) else BLANK if value.isspace() else ""
    if not _BIDI.isdisjoint(value):
        return TURNED
    if _CONTROLS.search(value):
        return CONTROL
    return "" if any(map(_is_seen, value)) else BLANK


def cannot_be(text: str) -> bool:
    """Whether no database holds such a text, so that a search for it finds nothing."""
    return "\0" in text or (not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text))


def listed(text: str) -> frozenset[str]:
    """The parts of a comma separated list: "purchase, visit" -> {"purchase", "visit"}."""
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def parts_of(text: str) -> tuple[str, ...]:
    """The parts of a comma separated list in their order, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _is_seen(char: str) -> bool:
    """Whether something is seen of a character: it is no blank, no control, no format character or its like."""
    return unicodedata.category(char)[0] not in "ZC" and char not in _EMPTY_LETTERS


def check_text(value: object) -> None:
    """The same as a validator of a column; also of one that holds JSON, with all texts in it."""
    if wrong := wrong_text(value) if isinstance(value, str) else wrong_json(value):
        raise ValidationError(wrong, code="invalid_text")


def wrong_json(value: object) -> str:
    """The same of JSON: of each text in it, and of each name. Blanks are data there, and may stand alone; what cannot
    be stored says whoever reads it, who knows its place."""
    if isinstance(value, str):
        wrong = wrong_text(value)
        return "" if wrong in (BLANK, UNSTORABLE) else wrong
    parts: Iterable[object] = ()
    if isinstance(value, dict):
        parts = (*value.keys(), *value.values())
    elif isinstance(value, list | tuple):
        parts = value
    return next(filter(None, map(wrong_json, parts)), "")


def watch(kinds: Iterable[type[models.Model]]) -> None:
    """Let each text of these models be checked, also of a package's: wherever one is typed, somebody reads it."""
    for column in (column for kind in kinds for column in kind._meta.fields):
        # Tables of earlier versions share the list with the table that they are of.
        is_text = isinstance(column, models.CharField | models.TextField | models.JSONField)
        if is_text and check_text not in column.validators:
            column.validators.append(check_text)
