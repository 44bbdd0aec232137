"""What does a whole program look like as one JSON document? Written, read, checked and applied here.

`read` text -> value; `check` value -> problems; `lint` value -> warnings; `unknown` value -> what its rules name and
nobody has; `short_lists` value -> lists of which it counts other SKUs than are stored; `problems` value -> why it
would not be imported; `normal` value -> the document with its defaults; `apply` document -> changes in the database;
`export` program -> document, whose parts `read_parts` reads along once for whoever shows them, too, and `columns`
writes one of them; `spec_of_promotion` writes a whole promotion.
"""

from programs.document.applying import apply, preview
from programs.document.changes import Change, Invalid
from programs.document.checking import check
from programs.document.exporting import columns, export, read_parts, spec_of_promotion
from programs.document.filling import normal
from programs.document.format import FORMAT
from programs.document.linting import lint
from programs.document.reading import Unreadable, read
from programs.document.referring import problems, short_lists, unknown, unknown_by_part

__all__ = [
    "FORMAT",
    "Change",
    "Invalid",
    "Unreadable",
    "apply",
    "check",
    "columns",
    "export",
    "lint",
    "normal",
    "preview",
    "problems",
    "read",
    "read_parts",
    "short_lists",
    "spec_of_promotion",
    "unknown",
    "unknown_by_part",
]
