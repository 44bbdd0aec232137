"""Who calls the API? A key with its connection and partner, as values that live as long as one request."""

from dataclasses import dataclass
from typing import TypeAlias

from partners.models import ApiKey, Connection


@dataclass(frozen=True, slots=True)
class CallingPartner:
    """Whose system it is."""

    pk: int
    code: str


@dataclass(frozen=True, slots=True)
class CallingConnection:
    """The way in; stands for the row of a Connection wherever facts come through one."""

    pk: int
    partner: CallingPartner

    @property
    def partner_id(self) -> int:
        """The key of the partner, as a row of a Connection has it."""
        return self.partner.pk


#: The way in which facts come, as its row or as a request knows it.
Via: TypeAlias = Connection | CallingConnection


@dataclass(frozen=True, slots=True, eq=False)
class ApiCaller:
    """A usable key and what it opens."""

    pk: int
    scopes: frozenset[str]
    connection: CallingConnection

    def __eq__(self, other: object) -> bool:
        """The same key, whether it is at hand as this or as its row."""
        return isinstance(other, ApiCaller | ApiKey) and other.pk == self.pk

    def __hash__(self) -> int:
        return hash(self.pk)
