"""Which mappings are there for the files of members that leading systems export?"""

import json
from functools import cache

from loyalty_site.lib.ready_mappings import MEMBERS
from transactions.imports.members.mapping import MemberMapping, read


@cache
def titles() -> dict[str, str]:
    """{name: what it is called} of the mappings that come along, sorted by name."""
    return {name: json.loads(MEMBERS.path_of(name).read_bytes())["title"] for name in MEMBERS.names()}


def named(name: str) -> MemberMapping | None:
    """The mapping that comes along under this name, None where there is none."""
    return read(MEMBERS.path_of(name).read_bytes()) if name in MEMBERS.names() else None
