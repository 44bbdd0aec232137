"""How is the start of a text looked up so that an index answers?"""

from django.db import connection
from django.db.models import Q

#: Sorts behind every text that can follow a prefix.
_LAST = "\U0010ffff"


def starts(column: str, text: str) -> Q:
    """A Q for rows whose `column` starts with `text`, letter case included.

    PostgreSQL reads LIKE 'text%' from an index of pattern operators. SQLite's LIKE ignores case and so
    no ordinary index serves it; a range does, because its texts are compared byte by byte.
    """
    if connection.vendor == "sqlite":
        return Q(**{f"{column}__gte": text, f"{column}__lt": text + _LAST})
    return Q(**{f"{column}__startswith": text})
