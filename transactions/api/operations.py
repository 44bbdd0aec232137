"""How are operations of the ledger drawn in the API's schema?"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema

from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.schema_types import SchemaType
from programs.api.endpoint import PROGRAM
from transactions.api.schemas import answers

F = TypeVar("F", bound=Callable[..., object])

#: Members that the examples name.
ADA, BOB = {"number": "1234567897"}, {"card": "C-1815"}


def posts(
    operation_id: str,
    summary: str,
    body: SchemaType[object],
    *codes: int,
    description: str = "",
    parameters: Iterable[OpenApiParameter] = (),
    **examples: JsonObject,
) -> Callable[[F], F]:
    """The schema of an address that posts one item, as `body` reads it, and answers with one of `codes`."""
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description or None,
        parameters=[PROGRAM, *parameters],
        request={"application/json": body.schema()},
        responses={code: answers.POSTING.schema() for code in codes},
        examples=[OpenApiExample(name, value=value, request_only=True) for name, value in examples.items()],
    )
