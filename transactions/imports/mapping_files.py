"""How does the file of a mapping become one? Checked whole, before the first row is looked at."""

from typing import cast

from transactions.imports import layout
from transactions.imports.mapping import Mapping, Settings
from transactions.imports.mapping_checks import CHECKS


def read(raw: bytes) -> Mapping:
    """The Mapping in `raw` (bytes of JSON). Raises BadMapping."""
    settings, fields, constants = layout.read(raw, CHECKS)
    return Mapping(fields=fields, constants=constants, **cast(Settings, settings))
