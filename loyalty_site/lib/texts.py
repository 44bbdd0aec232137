"""Which texts can both databases hold?"""

from typing import TypeGuard


def is_text(value: object) -> TypeGuard[str]:
    """Whether `value` is a text that can be stored: nobody takes half a surrogate pair, PostgreSQL takes no NUL."""
    if not isinstance(value, str) or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)
