"""Where has a + of an address become a blank? Forms write a blank as +, so that an unescaped + is read as one.

Each kind of text says where no blank can have been meant; there the + is put back.
"""

import re

_OFFSET = re.compile(r"(.*\d\d:\d\d(?::\d\d)?(?:\.\d+)?) (\d\d:?\d\d)")


def in_phone(text: str) -> str:
    """A number that begins with a blank began with its +; one that begins with digits says its own country."""
    return f"+{text.lstrip()}" if text[:1] == " " and text.strip()[:1].isdigit() else text


def in_email(text: str) -> str:
    """An address has no blanks inside."""
    return text.strip().replace(" ", "+")


def in_instant(text: str) -> str:
    """A blank between the time and its offset was the sign of the offset."""
    found = _OFFSET.fullmatch(text.strip())
    return f"{found[1]}+{found[2]}" if found else text
