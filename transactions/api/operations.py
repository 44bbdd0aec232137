"""How are operations of the ledger drawn in the API's schema?"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema

from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.schema_objects import Answer
from loyalty_site.lib.schema_types import Drawing, SchemaType
from programs.api.endpoint import PROGRAM
from transactions.api.schemas import answers

F = TypeVar("F", bound=Callable[..., object])

#: The id of a transaction or an entry, in the address.
ID = OpenApiParameter("id", int, OpenApiParameter.PATH)
#: Members that the examples name.
ADA, BOB = {"number": "1234567897"}, {"card": "C-1815"}


def page_of(row: Answer) -> Drawing:
    """The schema of one page of a list of `row`s."""
    link: Drawing = {"type": ["string", "null"], "format": "uri"}
    return {
        "type": "object",
        "properties": {"next": link, "previous": link, "results": {"type": "array", "items": row.schema()}},
        "required": ["next", "previous", "results"],
    }


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
