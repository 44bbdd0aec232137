"""How do purchases get in from a file? `read` a mapping, `run` the import (see docs/import.md)."""

from transactions.imports.layout import BadMapping
from transactions.imports.lines import Unusable
from transactions.imports.mapping import Mapping
from transactions.imports.mapping_files import read
from transactions.imports.running import Outcome, run

__all__ = ["BadMapping", "Mapping", "Outcome", "Unusable", "read", "run"]
