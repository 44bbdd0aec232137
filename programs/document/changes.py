"""How is a stored row given what a document says of it? It is saved only if that changes anything, and reported."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from django.core.exceptions import ValidationError
from django.db import models

from loyalty_site.lib.referrers import referrers
from loyalty_site.lib.refusals import Refused
from programs.checks import Problem, clause_of
from programs.models import Benefit, Cap, Currency, Promotion, Rule, Segment, SkuList, Tier, TierGroup

Row = TypeVar("Row", bound=models.Model)
#: What a program consists of, each with a code.
Coded = TypeVar("Coded", Benefit, Cap, Currency, Promotion, Rule, Segment, SkuList, Tier, TierGroup)
#: What a column or a foreign key of a row is given, by name.
Values: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one part: `action` is created, changed or removed; `fields` maps names to (before, after)."""

    action: str
    part: str
    code: str
    fields: Mapping[str, tuple[object, object]]

    def __str__(self) -> str:
        fields = ", ".join(f"{name} {before} → {after}" for name, (before, after) in self.fields.items())
        return f"{self.action} {self.part} {self.code}" + (f": {fields}" if fields else "")


class Invalid(Refused):
    """The document was not applied; `problems` says why, each with its path."""

    code = "invalid_document"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        first = self.problems[0]
        super().__init__("; ".join(map(str, self.problems)), field=first.path)


class Changes(list[Change]):
    """The changes so far, in the order in which they were made."""

    def created(self, part: str, code: str) -> None:
        """Note a part that somebody else made."""
        self.append(Change("created", part, code, {}))

    def has_created(self, part: str, code: str) -> bool:
        """Whether this part is new."""
        return any((one.action, one.part, one.code) == ("created", part, code) for one in self)

    def removed(self, part: str, code: str) -> None:
        """Note a part that somebody else removed."""
        self.append(Change("removed", part, code, {}))

    def put(self, row: Row, values: Values, path: str, part: str, code: str) -> Row:
        """Give `row` these values and return it; save it if that changes anything. Raises Invalid."""
        is_new = row._state.adding
        before = {} if is_new else {name: getattr(row, name) for name in values}
        changed = {name: (was, values[name]) for name, was in before.items() if was != values[name]}
        if not is_new and not changed:
            return row
        for name, value in values.items():
            setattr(row, name, value)
        try:
            row.clean()
        except ValidationError as error:
            raise Invalid(_under(path, error)) from None
        row.save()
        self.append(Change("created" if is_new else "changed", part, code, changed))
        return row

    def keep_only(self, codes: Iterable[str], rows: models.QuerySet[Coded], path: str) -> None:
        """Delete the rows with other codes. Raises Invalid where something refers to one of them."""
        for row in rows.exclude(code__in=list(codes)):
            holders = referrers([row])
            if holders:
                words = f"“{row.code}” cannot be left out: {', '.join(holders)} refer to it"
                if isinstance(row, Tier):
                    words = f"“{row.code}” cannot be left out: members hold it, have held it, or are to get it"
                raise Invalid([Problem(path, words)])
            row.delete()
            self.removed(str(row._meta.verbose_name), row.code)


def _under(path: str, error: ValidationError) -> list[Problem]:
    """The Problems that a model's `clean` raised as a ValidationError."""
    return [
        Problem(f"{path}.{name}", clause_of(message))
        for name, messages in error.message_dict.items()
        for message in messages
    ]
