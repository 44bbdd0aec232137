"""Which rows count at all? Those that the mapping leaves out, and those without a customer, are passed over."""

from collections.abc import Mapping

from transactions.imports.mapping import Mapping as FileMapping


class PassedOver(Exception):
    """A row that is neither posted nor refused."""


class LeftOut(PassedOver):
    """The mapping leaves it out by one of its values."""


class Guest(PassedOver):
    """It names no customer."""


def check_counts(values: Mapping[str, str], mapping: FileMapping) -> None:
    """Raises LeftOut where one of the values decides that the row does not count; letter case does not matter."""
    for target, wanted in mapping.only.items():
        if values[target].casefold() not in map(str.casefold, wanted):
            raise LeftOut
    for target, unwanted in mapping.leave_out.items():
        if values[target].casefold() in map(str.casefold, unwanted):
            raise LeftOut


def check_names_somebody(member: Mapping[str, str], mapping: FileMapping) -> None:
    """Raises Guest where nobody is named, unless such rows are refused."""
    if not member and mapping.guests == "pass_over":
        raise Guest
