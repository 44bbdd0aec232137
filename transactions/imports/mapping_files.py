"""How does the file of a mapping become one? Checked whole, before the first row is looked at."""

import codecs
from typing import cast

from loyalty_site.lib.json_types import ExactJson
from transactions.imports.layout import BadMapping, field_of, parsed
from transactions.imports.mapping import DEFAULTS, Mapping, Settings
from transactions.imports.mapping_checks import check


def read(raw: bytes) -> Mapping:
    """The Mapping in `raw` (bytes of JSON). Raises BadMapping."""
    value = parsed(raw)
    problems = list(check(value))
    if problems:
        raise BadMapping(problems)
    # What `check` found nothing to say against has these types.
    given = cast(dict[str, ExactJson], value)
    settings = cast(Settings, DEFAULTS | {name: given[name] for name in DEFAULTS if name in given})
    settings["encoding"] = codecs.lookup(settings["encoding"]).name
    specs = cast(dict[str, ExactJson], given["fields"])
    fields = [field_of(target, spec, is_fixed=settings["format"] == "fixed") for target, spec in specs.items()]
    return Mapping(fields=tuple(fields), constants=cast(dict[str, str], given.get("constants", {})), **settings)
