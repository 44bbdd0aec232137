"""How do members get in from another system, with what they had there? See docs/import.md."""

from transactions.imports.members.mapping import ROUNDINGS, MemberMapping, read, with_choices
from transactions.imports.members.ready import named, titles
from transactions.imports.members.running import Outcome, run

__all__ = ["ROUNDINGS", "MemberMapping", "Outcome", "named", "read", "run", "titles", "with_choices"]
