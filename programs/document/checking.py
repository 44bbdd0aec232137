"""What is wrong with a document? Pure: nothing is asked of the database, and any JSON value gets an answer.

First each value by itself, by the rules of the model's field; then, if all of them are sound, the parts
against each other (consistency.py).
"""

import datetime as dt
import difflib
import re
from decimal import Decimal

from django.core.exceptions import ValidationError

from programs import checks
from programs.checks import Problem, clipped
from programs.document import consistency
from programs.document.exporting import plain
from programs.document.layout import CAP, CURRENCY, EXPIRY, FORMAT, LISTS, PROGRAM, RULE, TIER, TIER_GROUP

_DECIMAL = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)


def check(document):
    """Every Problem of a value that claims to be a program's document; an empty list if it is right."""
    return list(checks.absurd(document)) or list(_shape(document)) or list(consistency.problems(filled(document)))


def normal(document):
    """The document that `export` gives after importing a *valid* one: defaults filled, in stable order."""
    full = filled(document)
    full["partners"] = sorted(set(full["partners"]) - {full["program"]["owner"]})
    for name in LISTS[1:]:
        full[name] = sorted(full[name], key=lambda part: part["code"])
    for group in full["tier_groups"]:
        group["tiers"] = sorted(group["tiers"], key=lambda tier: tier["sequence"])
    return full


def filled(document):
    """A document of sound shape with every default written out, in its own order."""
    return {
        "format": FORMAT,
        "program": _filled(PROGRAM, document["program"]),
        "partners": list(document.get("partners", ())),
        "currencies": [
            _filled(CURRENCY, spec) | {"expiry": _expiry(spec.get("expiry"))}
            for spec in document.get("currencies", ())
        ],
        "tier_groups": [
            _filled(TIER_GROUP, spec) | {"tiers": [_filled(TIER, tier) for tier in spec.get("tiers", ())]}
            for spec in document.get("tier_groups", ())
        ],
        "rules": [
            _filled(RULE, spec) | {name: _storable(spec.get(name, {})) for name in ("params", "conditions")}
            for spec in document.get("rules", ())
        ],
        "caps": [
            _filled(CAP, spec) | {name: spec.get(name, "") for name in CAP.others}
            for spec in document.get("caps", ())
        ],
    }


def _expiry(spec):
    """{} is an expiry rule with all its defaults; only null, or nothing at all, is none."""
    return None if spec is None else _filled(EXPIRY, spec)


def _filled(part, spec):
    row = {name: _canonical(part.field(name), spec) for name in part.fields}
    return row | {name: spec[name] for name in part.codes}


def _canonical(model_field, spec):
    value = spec.get(model_field.name, model_field.get_default())
    return plain(model_field, model_field.to_python(str(value) if isinstance(value, float) else value))


def _storable(value):
    """The parameters as a JSON column keeps them: Decimals and floats as text."""
    if isinstance(value, dict):
        return {name: _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    return str(value) if isinstance(value, (Decimal, float)) else value


# The shape: each value by itself.


def _shape(document):
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


def _partner(spec, path):
    words = _wrong(PROGRAM.field("owner"), spec)
    if words:
        yield Problem(path, words)


def _currency(spec, path):
    yield from _object(CURRENCY, spec, path)
    expiry = spec.get("expiry") if isinstance(spec, dict) else None
    if expiry is not None:
        yield from _object(EXPIRY, expiry, f"{path}.expiry")


def _tier_group(spec, path):
    yield from _object(TIER_GROUP, spec, path)
    tiers = spec.get("tiers", []) if isinstance(spec, dict) else []
    if not isinstance(tiers, list):
        yield Problem(f"{path}.tiers", "must be a list")
        return
    for place, tier in enumerate(tiers):
        yield from _object(TIER, tier, f"{path}.tiers[{place}]")


def _rule(spec, path):
    yield from _object(RULE, spec, path)
    if not isinstance(spec, dict):
        return
    own = {"kind": spec.get("kind"), "params": spec.get("params", {}), "conditions": spec.get("conditions", {})}
    for problem in checks.rule(**own):
        # The kind of a rule that has none, or no known one, was named above.
        if problem.path != "kind":
            yield problem.under(path)
    version = spec.get("version", 1)
    if type(version) is not int or version < 1:
        yield Problem(f"{path}.version", "must be a whole number from 1")


def _cap(spec, path):
    yield from _object(CAP, spec, path)
    for name in CAP.others if isinstance(spec, dict) else ():
        if not isinstance(spec.get(name, ""), str):
            yield Problem(f"{path}.{name}", "must be a text")


_ITEMS = {"partners": _partner, "currencies": _currency, "tier_groups": _tier_group, "rules": _rule, "caps": _cap}


def _object(part, spec, path):
    """Problems of the names and the plain values of one object."""
    if not isinstance(spec, dict):
        yield Problem(path, "is missing" if spec is None else "must be an object")
        return
    yield from _unknown(spec, path, part.names)
    for name in part.fields + part.codes:
        field = part.field(name)
        if name in spec:
            words = _wrong(field, spec[name])
        else:
            words = "is missing" if name in part.codes or not (field.has_default() or field.blank) else None
        if words:
            yield Problem(f"{path}.{name}", words)


def _unknown(spec, path, names):
    for name in spec.keys() - set(names):
        near = difflib.get_close_matches(name[:60], names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
        yield Problem(f"{path}.{clipped(name)}" if path else clipped(name), f"unknown field; {hint}")


def _wrong(model_field, value):
    """Why the model's field cannot hold this JSON value, or None."""
    if value is None:
        return None if model_field.null else "must not be null"
    words = _mistyped(model_field.get_internal_type(), value)
    if words:
        return words
    choices = [key for key, _ in model_field.flatchoices]
    if choices:
        return None if value in choices else f"must be one of {', '.join(choices)}"
    try:
        model_field.clean(str(value) if isinstance(value, float) else value, None)
    except ValidationError as error:
        return "; ".join(checks.clause_of(message) for message in error.messages)
    return None


def _mistyped(internal_type, value):
    match internal_type:
        case "BooleanField":
            return None if isinstance(value, bool) else "must be true or false"
        case "CharField" | "SlugField":
            return None if isinstance(value, str) else "must be a text"
        case "DateField":
            return None if isinstance(value, str) and _is_date(value) else "must be a date like 2026-12-31"
        case "DecimalField":
            return None if _is_decimal(value) else 'must be a decimal number, for example "1.5"'
    return None if type(value) is int else "must be a whole number"


def _is_date(text):
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_decimal(value):
    if isinstance(value, str):
        return bool(_DECIMAL.fullmatch(value))
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
