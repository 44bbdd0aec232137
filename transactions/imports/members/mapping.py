"""How is a file of members read, and what becomes of its balances? Checked whole before the first row is read."""

import unicodedata
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Names
from dataclasses import dataclass, replace
from typing import cast

from loyalty_site.lib.json_types import ExactJson
from members.models import Consent
from programs.checks import Problem
from programs.models import Currency
from transactions.imports import layout, moments
from transactions.imports.layout import BadMapping
from transactions.imports.mapping import IDENTIFIERS, PERSON
from transactions.imports.members import birthdays
from transactions.imports.moments import ISO

NUMBERS = ("points", "lifetime_earned", "lifetime_redeemed", "qualifying_points")
ENDS = ("expires", "tier_expires")
DATES = ("joined", "earned", "last_activity", "consent_at", *ENDS)
#: The currency of the points and the ladder of the tier, where rows differ in them.
CODES = ("points_currency", "ladder")
CONSENTS = {f"consent_{channel}": channel for channel in Consent.Channel.values}
TARGETS = (*IDENTIFIERS, "name", *PERSON, "birth_date", *NUMBERS, *DATES, "tier", *CODES, "tags", *CONSENTS)
#: What goes into the ledger; all else is about the person.
FACTS = (*NUMBERS, "tier", "last_activity")
CONSTANTS = ("language", "tags", "tier", *DATES, *CONSENTS)
#: Of these a member brings each from one source once, where the mapping adds.
SUMS = NUMBERS
LONGEST_SOURCE = 60
ROUNDINGS = ("refuse", "currency", *Currency.Rounding.values)

_OWN: dict[str, ExactJson] = {
    "source": "",
    "mode": "add",
    "rows": "member",
    "currency": "",
    "tier_group": "",
    "rounding": "refuse",
    "without_end": "program",
    "connection": "",
    "enrol_by": ["customer", "card", "email", "phone"],
}
_CHOICES: dict[str, Sequence[str]] = {
    "mode": ("add", "set"),
    "rows": ("member", "lot", "card"),
    "rounding": ROUNDINGS,
    "without_end": ("program", "never"),
}
_DEFAULTS: dict[str, ExactJson] = {**cast(dict[str, ExactJson], dict(layout.DEFAULTS)), "enrol": True, **_OWN}
_NAMES = (*_DEFAULTS, "fields", "constants", "title", "comment")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberMapping(layout.Layout):
    """A checked mapping. `source` is what the other system is called: the same member brings a balance from it once.

    `mode`: points are added to the balance, or set it. `rows`: one for each member, for each lot, or for each
    card. `rounding` is what becomes of fractions of points, `without_end` of points whose row names no end.
    `connection` is the name of the one whose ids the column `customer` has; `enrol_by` lists the identifiers by which
    somebody is enrolled.
    """

    source: str
    mode: str
    rows: str
    currency: str
    tier_group: str
    rounding: str
    without_end: str
    connection: str
    enrol_by: Sequence[str]

    @property
    def targets(self) -> set[str]:
        """What a row says, or all rows."""
        return {field.target for field in self.fields} | self.constants.keys()


def read(raw: bytes) -> MemberMapping:
    """The MemberMapping in `raw` (bytes of JSON). Raises BadMapping."""
    settings, fields, constants = layout.read(raw, _CHECKS)
    settings["source"] = source_of(str(settings["source"]))
    return MemberMapping(fields=fields, constants=constants, **settings)  # type: ignore[arg-type]


def source_of(text: str) -> str:
    """What another system is called, in the one notation: no letter case, no blanks around it, single ones in it."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def with_choices(mapping: MemberMapping, *, mode: str = "", rounding: str = "", source: str = "") -> MemberMapping:
    """The mapping with what somebody has chosen instead of what it says; "" chooses nothing. Raises BadMapping."""
    chosen = replace(
        mapping,
        mode=mode or mapping.mode,
        rounding=rounding or mapping.rounding,
        source=source_of(source) if source else mapping.source,
    )
    problems = [*_source(chosen.source), *_together(chosen.mode, chosen.rows)]
    if problems:
        raise BadMapping(problems)
    return chosen


def _own(settings: Names[str, ExactJson]) -> Iterator[Problem]:
    """Problems of the settings that only this import has."""
    for name, possible in _CHOICES.items():
        if settings[name] not in possible:
            yield Problem(name, f"must be one of {', '.join(possible)}")
    yield from _source(source_of(str(settings["source"])))
    named = cast(list[ExactJson], settings["enrol_by"])
    if not named or any(name not in IDENTIFIERS[1:] for name in named):
        yield Problem("enrol_by", f"must list some of {', '.join(IDENTIFIERS[1:])}")
    yield from _together(str(settings["mode"]), str(settings["rows"]))


def _source(source: str) -> Iterator[Problem]:
    if not source or len(source) > LONGEST_SOURCE or not source.isprintable():
        detail = f"must say from where the members come, for example smile, in at most {LONGEST_SOURCE} characters"
        yield Problem("source", detail)


def _together(mode: str, rows: str) -> Iterator[Problem]:
    if mode == "set" and rows != "member":
        yield Problem("mode", "set needs one row for each member; lots and cards can only be added")


def _spec(target: str, spec: ExactJson, settings: layout.Settings) -> Iterator[Problem]:
    """Problems of one entry of `fields`."""
    if target not in TARGETS:
        yield Problem("", f"unknown; a row can say {', '.join(TARGETS)}")
        return
    yield from layout.check_place(spec, settings, may_be_missing=True)
    if not isinstance(spec, dict) or "format" not in spec:
        return
    problem = ""
    if target == "birth_date":
        problem = birthdays.problem_of(spec["format"])
    elif target in DATES:
        problem = moments.problem_of(spec["format"], is_time=False)
    else:
        problem = f"is only for birth_date, {', '.join(DATES)}"
    if problem:
        yield Problem("format", problem)


def _whole(fields: Names[str, ExactJson], constants: Names[str, ExactJson]) -> Iterator[Problem]:
    """Problems of the fields together."""
    if not set(IDENTIFIERS) & fields.keys():
        yield Problem("fields", f"must name the member by one of {', '.join(IDENTIFIERS)}")
    yield from layout.check_said_once(fields, constants)
    for name in ("expires", "earned"):
        if name in {*fields, *constants} and "points" not in fields:
            yield Problem(f"fields.{name}", "is about points, which the mapping does not name")
    said = {*fields, *constants}
    if "points_currency" in said and said & {"lifetime_earned", "lifetime_redeemed", "qualifying_points"}:
        yield Problem("fields.points_currency", "cannot be told beside sums: whose they are would not be clear")
    for name, about in (("points_currency", "points"), ("ladder", "tier")):
        if name in said and about not in said:
            yield Problem(f"fields.{name}", f"is about {about}, which the mapping does not name")
    if "tier_expires" in fields and "tier" not in {*fields, *constants}:
        yield Problem("fields.tier_expires", "is about a tier, which the mapping does not name")


_CHECKS = layout.Checks(
    names=_NAMES,
    defaults=_DEFAULTS,
    constants=CONSTANTS,
    example='{"email": "email"}',
    own=_own,
    field=lambda target, spec, settings: _spec(target, spec, cast(layout.Settings, settings)),
    whole=lambda fields, constants, settings: _whole(fields, constants),
)


def format_of(mapping: MemberMapping, target: str) -> str:
    """How the dates of a column are written; constants are ISO."""
    return next((field.format for field in mapping.fields if field.target == target), ISO)
