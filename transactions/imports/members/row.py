"""What does a row of a file of members say, once it is read?"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, TypedDict


class Person(TypedDict, total=False):
    """The columns of a Customer that the row fills in; `born` and `birthday` are None and "" where not said."""

    kind: str
    first_name: str
    last_name: str
    company_name: str
    language: str
    email: str
    phone: str
    birth_date: date
    birthday: str


class Fact(TypedDict, total=False):
    """What the row says for the ledger: fields of an Opening, but for who and from where."""

    points: int
    stated: str
    ends_at: datetime
    never_ends: bool
    earned_at: datetime
    earned_before: int
    redeemed_before: int
    qualifying: int
    tier: str
    tier_group: str
    tier_until: datetime
    last_activity_at: datetime


class Row(NamedTuple):
    """One member of the file, or one lot or card of one. `key` is who it is about, by the surest name (of cards by
    the surest one beside the card), `currency` the code of the one that is meant, "" without any.

    `names` has what the member is called, the surest first, in the one notation; `written` has it as it stands in the
    file. `consents` maps channels to whether one was given, `said_at` is when. `fact` is None where the mapping only
    speaks of people.
    """

    line: int
    key: str
    currency: str
    names: Mapping[str, str]
    written: Mapping[str, str]
    person: Person
    joined: datetime | None
    tags: Sequence[str]
    consents: Mapping[str, bool]
    said_at: datetime | None
    fact: Fact | None
