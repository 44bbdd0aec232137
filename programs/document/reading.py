"""How does text become a document, or a clear message where it is no JSON?"""

import json
from decimal import Decimal
from typing import NoReturn

from loyalty_site.lib.json_types import ExactJson

#: Bytes; a large real program is a hundredth of it.
LARGEST = 5_000_000


class Unreadable(Exception):
    """The text is no JSON document; the message says where."""


def read(raw: bytes | str) -> ExactJson:
    """The JSON value in `raw` (bytes of UTF-8, or str). Fractions become Decimal, so nothing is lost.

    Raises Unreadable.
    """
    if len(raw) > LARGEST:
        raise Unreadable(f"is larger than {LARGEST} bytes")
    text = _decoded(raw) if isinstance(raw, bytes) else raw
    try:
        value: ExactJson = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=Decimal,
            parse_int=_integer,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        where = "the text ends here" if error.pos >= len(text.rstrip()) else "not JSON from here on"
        raise Unreadable(f"line {error.lineno}, column {error.colno}: {where} ({error.msg})") from None
    except RecursionError:
        raise Unreadable("is nested too deep") from None
    return value


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Unreadable(f"line {line}: is not UTF-8 (byte 0x{raw[error.start]:02x})") from None


def _object(pairs: list[tuple[str, ExactJson]]) -> dict[str, ExactJson]:
    """A name given twice would silently lose the first value."""
    found: dict[str, ExactJson] = {}
    for name, value in pairs:
        if name in found:
            raise Unreadable(f"the name “{name[:60]}” stands twice in the same object")
        found[name] = value
    return found


def _integer(digits: str) -> int:
    if len(digits) > 30:
        raise Unreadable(f"the number {digits[:12]}… is too long")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise Unreadable(f"{name} is no number in JSON")
