"""How is JSON from strangers read? Exactly, within limits, or refused with the place where it went wrong.

Numbers with a fraction or an exponent stay the text that they were written as: as floats, 0.1 would not be 0.1
and 1e309 would be infinite.
"""

import json
from collections.abc import Iterable, Mapping
from typing import IO, NoReturn

from django.conf import settings
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from loyalty_site.lib.json_types import Json
from loyalty_site.lib.refusals import Refused

DEEPEST = 20
#: Python refuses to read longer integers at all, and no number of ours is near it.
_LONGEST_INTEGER = 30


class Malformed(Refused):
    """The body is not JSON as it is read here."""

    code = "invalid_json"


class BodyTooLarge(Refused):
    """The body has more than `API_LARGEST_BODY` bytes."""

    code = "body_too_large"


class EncodedBody(Refused):
    """The body is compressed."""

    code = "unsupported_media_type"


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


def loads(raw: bytes) -> Json:
    """The value of the JSON text `raw` (bytes). Raises Malformed."""
    try:
        value: Json = json.loads(
            raw.decode(),
            object_pairs_hook=_object,
            parse_float=Number,
            parse_int=_integer,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise Malformed(f"Byte {error.start + 1} is not UTF-8; send the text in UTF-8.") from error
    except json.JSONDecodeError as error:
        detail = f"Line {error.lineno}, column {error.colno} (character {error.pos + 1}): {error.msg}."
        raise Malformed(detail) from error
    except RecursionError as error:
        raise Malformed(f"At most {DEEPEST} levels of lists and objects are possible.") from error
    # As deep as there are brackets, at most: most bodies need no further look.
    if raw.count(b"[") + raw.count(b"{") > DEEPEST:
        _refuse_depth(value)
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("An object names one of its fields twice; readers would disagree about which counts.")
    return found


def _integer(text: str) -> int | Number:
    return int(text) if len(text) <= _LONGEST_INTEGER else Number(text)


def _constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON.")


def _refuse_depth(value: Json) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for item in level if isinstance(item, dict | list) for inner in _values(item)]
        if not level:
            return
    if any(isinstance(item, dict | list) for item in level):
        raise Malformed(f"At most {DEEPEST} levels of lists and objects are possible.")


def _values(item: dict[str, Json] | list[Json]) -> Iterable[Json]:
    return item.values() if isinstance(item, dict) else item


class StrictJson(BaseParser):
    """For Django REST framework; reads no more than `API_LARGEST_BODY` bytes."""

    media_type = "application/json"

    def parse(  # type: ignore[override]  # The stubs know of no body that is a list or a plain value.
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Request] | None = None
    ) -> Json:
        assert parser_context is not None
        request = parser_context["request"]
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise EncodedBody("Send the body as it is, without Content-Encoding.")
        most = settings.API_LARGEST_BODY
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if declared.isdecimal() and int(declared) > most:
            raise BodyTooLarge(f"At most {most:,} bytes are possible; send fewer items at once.")
        raw = stream.read(most + 1)
        if len(raw) > most:
            raise BodyTooLarge(f"At most {most:,} bytes are possible; send fewer items at once.")
        return loads(raw)
