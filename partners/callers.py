"""Who calls the API? A key with its connection and partner, as values that live as long as one request."""

from dataclasses import dataclass

from partners.models import ApiKey


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
        return self.partner.pk


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
