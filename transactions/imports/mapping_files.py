"""How does the file of a mapping become one? Checked whole, before the first row is looked at."""

import codecs
from collections.abc import Mapping as Names
from typing import cast

from loyalty_site.lib.json_types import ExactJson
from programs import document
from programs.checks import Problem
from transactions.imports.mapping import DEFAULTS, BadMapping, Field, Mapping, Settings
from transactions.imports.mapping_checks import check
from transactions.imports.moments import ISO


def read(raw: bytes) -> Mapping:
    """The Mapping in `raw` (bytes of JSON). Raises BadMapping."""
    try:
        value = document.read(raw)
    except document.Unreadable as error:
        raise BadMapping([Problem("", str(error))]) from None
    problems = list(check(value))
    if problems:
        raise BadMapping(problems)
    # What `check` found nothing to say against has these types.
    given = cast(dict[str, ExactJson], value)
    settings = cast(Settings, DEFAULTS | {name: given[name] for name in DEFAULTS if name in given})
    settings["encoding"] = codecs.lookup(settings["encoding"]).name
    specs = cast(dict[str, ExactJson], given["fields"])
    fields = [_field(target, spec, settings["format"] == "fixed") for target, spec in specs.items()]
    return Mapping(fields=tuple(fields), constants=cast(dict[str, str], given.get("constants", {})), **settings)


def _field(target: str, spec: ExactJson, is_fixed: bool) -> Field:
    given = cast(Names[str, str | int], spec if isinstance(spec, dict) else {"column": spec})
    pattern = str(given.get("format", ISO))
    if is_fixed:
        return Field(target, start=int(given["from"]) - 1, end=int(given["to"]), format=pattern)
    return Field(target, column=given["column"], format=pattern)
