"""What is wrong with a mapping? Every problem with its path, like `fields.date.format`."""

from collections.abc import Collection, Iterator
from collections.abc import Mapping as Names
from typing import cast

from loyalty_site.lib.json_types import ExactJson
from programs.checks import Problem, clipped
from transactions.imports import layout, moments
from transactions.imports.mapping import (
    BESIDE,
    CONSTANTS,
    DECIDING,
    DEFAULTS,
    ENROLLED_BY,
    IDENTIFIERS,
    LINE,
    MOMENTS,
    NAMES,
    TARGETS,
    Settings,
)


def _counting(given: Settings) -> Iterator[Problem]:
    """Problems of what counts, and how."""
    if given["negative"] not in ("refuse", "refund"):
        yield Problem("negative", "must be refuse or refund")
    if given["guests"] not in ("pass_over", "refuse"):
        yield Problem("guests", "must be pass_over or refuse")
    if not {*map(str, given["amount_without"])} <= {*BESIDE}:
        yield Problem("amount_without", f"must be a list of {', '.join(BESIDE)}")


def _spec(target: str, spec: ExactJson, settings: Settings) -> Iterator[Problem]:
    """Problems of one entry of `fields`."""
    if target not in TARGETS:
        yield Problem("", f"unknown; a row can say {', '.join(TARGETS)}")
        return
    yield from layout.check_place(spec, settings)
    if isinstance(spec, dict) and "format" in spec:
        yield from _format(target, spec["format"])


def _format(target: str, pattern: ExactJson) -> Iterator[Problem]:
    if target not in MOMENTS:
        yield Problem("format", f"is only for {', '.join(MOMENTS)}")
        return
    problem = moments.problem_of(pattern, is_time=target == "time")
    if problem:
        yield Problem("format", problem)


def _whole(fields: Names[str, ExactJson], constants: Names[str, ExactJson], settings: Settings) -> Iterator[Problem]:
    """Problems of the fields together."""
    if not set(IDENTIFIERS) & fields.keys():
        yield Problem("fields", f"must name the member by one of {', '.join(IDENTIFIERS)}")
    if settings["enrol"] and not set(ENROLLED_BY) & fields.keys():
        names = " or ".join(ENROLLED_BY[1:])
        yield Problem("fields.customer", f"is missing, or {names}: whoever is enrolled must be found again")
    if "date" not in fields:
        yield Problem("fields.date", "is missing: without it points cannot be dated")
    if "amount" not in fields and "kind" not in fields and constants.get("kind", "purchase") == "purchase":
        yield Problem("fields.amount", "is missing; for other things than purchases set constants.kind")
    yield from layout.check_said_once(fields, constants)
    yield from _order(fields.keys())
    yield from _deciding(fields.keys(), settings)


def _deciding(targets: Collection[str], settings: Settings) -> Iterator[Problem]:
    """Problems of what leaves rows out, and of what the amounts are without."""
    for name, wanted in (("only", settings["only"]), ("leave_out", settings["leave_out"])):
        for target, values in wanted.items():
            path = f"{name}.{clipped(target)}"
            if target not in DECIDING or target not in targets:
                yield Problem(path, f"must be one of the fields {', '.join(DECIDING)} that the mapping names")
            elif not isinstance(values, list) or not all(isinstance(value, str) for value in values) or not values:
                yield Problem(path, 'must be a list of texts, for example ["paid"]')
    for target in sorted({*map(str, settings["amount_without"])} - {*targets}):
        yield Problem("amount_without", f"names {clipped(target)}, which is not in the fields")
    if settings["shipping_without_tax"] and not {"shipping", "shipping_tax"} <= {*targets}:
        yield Problem("shipping_without_tax", "needs the fields shipping and shipping_tax, which are added up")
    yield from _refunds(targets, settings)


def _refunds(targets: Collection[str], settings: Settings) -> Iterator[Problem]:
    """Problems of what says that something came back."""
    named = {"external_id", "order"} & {*targets}
    if "refund" in targets and not named:
        yield Problem("fields.refund", "needs the external_id or the order whose refund it is")
    if settings["negative"] == "refund" and not named and "refund_of" not in targets:
        yield Problem("negative", "needs refund_of, external_id or order: what is refunded")
    if "refund_of" in targets and settings["negative"] != "refund":
        yield Problem("fields.refund_of", "is for rows of negative amounts; say so with negative: refund")


def _order(targets: Collection[str]) -> Iterator[Problem]:
    """Problems of the fields of which the rows of one order are made."""
    worth = {"line_amount", "line_price"} & {*targets}
    if "line_discount" in targets and not worth:
        yield Problem("fields.line_discount", "is taken off a line_amount or line_price; name one of them")
    if "order" in targets and "external_id" in targets:
        yield Problem("fields.order", "takes the place of external_id; leave one of them out")
    if "order" in targets and {*LINE} & {*targets} and len(worth) != 1:
        yield Problem(
            "fields.line_amount", "or line_price must say, one of them, how an order is divided over its rows"
        )
    if "order" not in targets and worth:
        yield Problem(f"fields.{min(worth)}", "is for orders of several rows; name the column of the order")


CHECKS = layout.Checks(
    names=NAMES,
    defaults=DEFAULTS,
    constants=CONSTANTS,
    example='{"date": "Order date"}',
    own=lambda settings: _counting(cast(Settings, settings)),
    field=lambda target, spec, settings: _spec(target, spec, cast(Settings, settings)),
    whole=lambda fields, constants, settings: _whole(fields, constants, cast(Settings, settings)),
)
