"""What is a condition over members? What it needs to know, what it names, how it is said, and how it is asked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, TypeAlias

from django import forms
from django.db.models import Q

from programs.configuration import Configuration
from programs.periods import local_date, start_of_day

#: The cleaned data of a condition's form: each knows the types of its own fields.
Cleaned: TypeAlias = Mapping[str, Any]
#: What is wrong with a parameter of this name, as the end of a sentence.
Unmet: TypeAlias = Iterator[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the conditions of a program may name: names by code; `tier_groups` maps each group to its tiers."""

    money: str = ""
    currencies: Mapping[str, str] = field(default_factory=dict)
    tier_groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    group_names: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    promotions: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    partners: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """Of which program members are asked for, and as of when; `segment` gives the members of another segment."""

    configuration: Configuration
    now: datetime
    segment: Callable[[str], Q]

    @property
    def today(self) -> date:
        """The day where the program is."""
        return local_date(self.now, self.configuration.zone)

    def day_ago(self, days: int) -> datetime:
        """The first instant of the day so many days ago: what happened since then is at most so many days old."""
        return start_of_day(self.today - timedelta(days=days), self.configuration.zone)


class Params(forms.Form):
    """What a condition needs to know; the admin draws it, documents are checked with it."""


class Condition:
    """One condition over the members of a program, made of the cleaned data of its form `Params`.

    `asked` is a filter of members for the database; it looks up what belongs to one member by an index of that
    member, so that it costs the same for each, however many there are and whatever the planner expects.
    """

    key: ClassVar[str]
    label: ClassVar[str]
    #: What it is offered with on a page, and where in all of them.
    family: ClassVar[str]
    place: ClassVar[int]
    Params: ClassVar[type[forms.Form]]

    def __init__(self, params: Cleaned) -> None:
        self.params = params

    def unmet(self, around: Surroundings) -> Unmet:
        """What it names that the program does not have."""
        yield from ()

    def stores(self) -> Iterator[tuple[str, str]]:
        """(parameter, store) of the stores that it names."""
        yield from ()

    def segments(self) -> Iterator[str]:
        """The codes of the segments that it names."""
        yield from ()

    def tier_groups(self) -> Iterator[str]:
        """The codes of the ladders whose tiers it names."""
        yield from ()

    def promotions(self) -> Iterator[str]:
        """The codes of the promotions that it names."""
        yield from ()

    def say(self, around: Surroundings) -> str:
        """What is true of a member whom it holds, behind “members who”: “hold Gold (Status)”."""
        raise NotImplementedError

    def asked(self, scope: Scope) -> Q:
        """The filter of members; what is named and is not there holds nobody."""
        raise NotImplementedError


#: A filter that no member passes.
NOBODY = Q(pk__in=())
