"""What is wrong with a document? Pure: nothing is asked of the database, and any JSON value gets an answer.

First each value by itself, by the rules of the model's field; then, if all of them are sound, the parts
against each other (consistency.py).
"""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from django.core.exceptions import ValidationError

from loyalty_site.lib import instants
from loyalty_site.lib.json_types import ExactJson
from programs import checks, promotions
from programs.checks import Problem, clipped
from programs.document import consistency, filling, former
from programs.document.filling import Given
from programs.document.format import FORMAT, Document
from programs.document.layout import (
    BENEFIT,
    CAP,
    CURRENCY,
    EXPIRY,
    LISTS,
    PROGRAM,
    PROMOTION,
    RULE,
    SEGMENT,
    SKU_LIST,
    TIER,
    TIER_GROUP,
    Part,
)
from programs.segments import trees
from programs.written import is_day

if TYPE_CHECKING:
    from programs.document.layout import Column

_DECIMAL = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)


def check(document: ExactJson | Document) -> list[Problem]:
    """Every Problem of a value that claims to be a program's document; an empty list if it is right."""
    value = cast(ExactJson, document)
    return (
        list(checks.absurd(value))
        or list(_form(value))
        or list(consistency.problems(filling.filled(cast(Given, document))))
    )


# The form: each value by itself.


def _form(document: ExactJson) -> Iterator[Problem]:
    if not isinstance(document, dict):
        yield Problem("", "must be an object with format, program, currencies, rules …")
        return
    if document.get("format") != FORMAT:
        yield Problem("format", f"must be “{FORMAT}”")
    yield from _unknown(document, "", ("format", "program", *LISTS))
    yield from _object(PROGRAM, document.get("program"), "program")
    if "currencies" not in document:
        yield Problem("currencies", "is missing; a program needs at least one")
    for name in LISTS:
        given = document.get(name, [])
        if isinstance(given, list):
            for place, spec in enumerate(given):
                yield from _ITEMS[name](spec, f"{name}[{place}]")
        else:
            yield Problem(name, "must be a list")
    if document.get("currencies") == []:
        yield Problem("currencies", "must hold at least one currency")


def _partner(spec: ExactJson, path: str) -> Iterator[Problem]:
    words = _wrong(PROGRAM.field("owner"), spec)
    if words:
        yield Problem(path, words)


def _currency(spec: ExactJson, path: str) -> Iterator[Problem]:
    yield from _object(CURRENCY, spec, path)
    expiry = spec.get("expiry") if isinstance(spec, dict) else None
    if expiry is not None:
        yield from _object(EXPIRY, expiry, f"{path}.expiry")


def _tier_group(spec: ExactJson, path: str) -> Iterator[Problem]:
    if isinstance(spec, dict):
        spec = former.today(spec)
    yield from _object(TIER_GROUP, spec, path)
    if not isinstance(spec, dict):
        return
    if "currency" not in spec and spec.get("model") != "manual":
        yield Problem(f"{path}.currency", "is missing")
    elif spec.get("currency", "") != "":
        words = _wrong(TIER_GROUP.field("code"), spec["currency"])
        if words:
            yield Problem(f"{path}.currency", words)
    yield from _texts(spec.get("further_currencies", []), f"{path}.further_currencies")
    yield from _each(spec.get("tiers", []), f"{path}.tiers", _tier)


def _tier(spec: ExactJson, path: str) -> Iterator[Problem]:
    yield from _object(TIER, spec, path)
    if not isinstance(spec, dict):
        return
    yield from _further(spec.get("further", {}), f"{path}.further")
    if spec.get("segment", "") != "" and (words := _wrong(SEGMENT.field("code"), spec["segment"])):
        yield Problem(f"{path}.segment", words)
    yield from _each(spec.get("benefits", []), f"{path}.benefits", _benefit)


def _benefit(spec: ExactJson, path: str) -> Iterator[Problem]:
    yield from _object(BENEFIT, spec, path)
    if isinstance(spec, dict) and not isinstance(spec.get("details", {}), dict):
        yield Problem(f"{path}.details", "must be an object")


def _further(spec: ExactJson, path: str) -> Iterator[Problem]:
    """What reaches and keeps a tier in further currencies, by their codes."""
    if not isinstance(spec, dict):
        yield Problem(path, "must be an object of currency codes")
        return
    for code, wanted in spec.items():
        where = f"{path}.{clipped(code)}"
        if not isinstance(wanted, dict):
            yield Problem(where, "must be an object with threshold, and retention where that is another")
            continue
        yield from _unknown(wanted, where, ("threshold", "retention"))
        for name in wanted.keys() & {"threshold", "retention"}:
            words = _wrong(TIER.field(name), wanted[name])
            if words:
                yield Problem(f"{where}.{name}", words)


def _texts(spec: ExactJson, path: str) -> Iterator[Problem]:
    if not isinstance(spec, list) or not all(isinstance(one, str) for one in spec):
        yield Problem(path, "must be a list of codes")


def _each(specs: ExactJson, path: str, problems: Callable[[ExactJson, str], Iterator[Problem]]) -> Iterator[Problem]:
    """The problems of each of a list."""
    if not isinstance(specs, list):
        yield Problem(path, "must be a list")
        return
    for place, spec in enumerate(specs):
        yield from problems(spec, f"{path}[{place}]")


def _promotion(spec: ExactJson, path: str) -> Iterator[Problem]:
    yield from _object(PROMOTION, spec, path)
    if isinstance(spec, dict):
        yield from (problem.under(path) for problem in promotions.problems(spec.get("conditions", {})))


def _rule(spec: ExactJson, path: str) -> Iterator[Problem]:
    yield from _object(RULE, spec, path)
    if not isinstance(spec, dict):
        return
    params, conditions = spec.get("params", {}), spec.get("conditions", {})
    for problem in checks.rule(kind=spec.get("kind"), params=params, conditions=conditions):
        # The kind of a rule that has none, or no known one, was named above.
        if problem.path != "kind":
            yield problem.under(path)
    if not isinstance(spec.get("promotion", ""), str):
        yield Problem(f"{path}.promotion", "must be a text")
    version = spec.get("version", 1)
    if type(version) is not int or version < 1:
        yield Problem(f"{path}.version", "must be a whole number from 1")


def _sku_list(spec: ExactJson, path: str) -> Iterator[Problem]:
    yield from _object(SKU_LIST, spec, path)
    entries = spec.get("entries", 0) if isinstance(spec, dict) else 0
    if type(entries) is not int or entries < 0:
        yield Problem(
            f"{path}.entries", "must be how many SKUs it has, or be left out: they are uploaded in the admin"
        )


def _cap(spec: ExactJson, path: str) -> Iterator[Problem]:
    yield from _object(CAP, spec, path)
    if not isinstance(spec, dict):
        return
    for name in CAP.others:
        if not isinstance(spec.get(name, ""), str):
            yield Problem(f"{path}.{name}", "must be a text")


def _segment(spec: ExactJson, path: str) -> Iterator[Problem]:
    yield from _object(SEGMENT, spec, path)
    if not isinstance(spec, dict):
        return
    if "conditions" not in spec:
        yield Problem(f"{path}.conditions", "is missing")
        return
    yield from (problem.under(f"{path}.conditions") for problem in trees.problems(spec["conditions"]))


_ITEMS: dict[str, Callable[[ExactJson, str], Iterator[Problem]]] = {
    "partners": _partner,
    "currencies": _currency,
    "tier_groups": _tier_group,
    "sku_lists": _sku_list,
    "promotions": _promotion,
    "rules": _rule,
    "caps": _cap,
    "segments": _segment,
}


def _object(part: Part, spec: ExactJson, path: str) -> Iterator[Problem]:
    """Problems of the names and the plain values of one object."""
    if not isinstance(spec, dict):
        yield Problem(path, "is missing" if spec is None else "must be an object")
        return
    yield from _unknown(spec, path, part.names)
    for name in part.fields + part.codes:
        field = part.field(name)
        words: str | None
        if name in spec:
            words = _wrong(field, spec[name])
        else:
            words = "is missing" if name in part.codes or not (field.has_default() or field.blank) else None
        if words:
            yield Problem(f"{path}.{name}", words)


def _unknown(spec: Given, path: str, names: Sequence[str]) -> Iterator[Problem]:
    for name in spec.keys() - set(names):
        near = difflib.get_close_matches(name[:60], names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
        yield Problem(f"{path}.{clipped(name)}" if path else clipped(name), f"unknown field; {hint}")


def _wrong(column: "Column", value: ExactJson) -> str | None:
    """Why the model's column cannot hold this JSON value, or None."""
    if value is None:
        return None if column.null else "must not be null"
    words = _mistyped(column.get_internal_type(), value)
    if words:
        return words
    choices = [key for key, _ in column.flatchoices]
    if choices:
        return None if value in choices or (column.blank and value == "") else f"must be one of {', '.join(choices)}"
    try:
        column.clean(str(value) if isinstance(value, float) else value, None)
    except ValidationError as error:
        return "; ".join(checks.clause_of(message) for message in error.messages)
    return None


def _mistyped(internal_type: str, value: ExactJson) -> str | None:
    match internal_type:
        case "BooleanField":
            return None if isinstance(value, bool) else "must be true or false"
        case "CharField" | "SlugField":
            return None if isinstance(value, str) else "must be a text"
        case "DateField":
            return None if isinstance(value, str) and is_day(value) else "must be a date like 2026-12-31"
        case "DateTimeField":
            return None if _is_instant(value) else "must be an instant with its zone, like 2026-12-31T18:00:00+01:00"
        case "DecimalField":
            return None if _is_decimal(value) else 'must be a decimal number, for example "1.5"'
    return None if type(value) is int else "must be a whole number"


def _is_instant(value: ExactJson) -> bool:
    return isinstance(value, str) and instants.instant(value) is not None


def _is_decimal(value: ExactJson) -> bool:
    if isinstance(value, str):
        return bool(_DECIMAL.fullmatch(value))
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
