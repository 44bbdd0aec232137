"""How are operations drawn in the API's schema that lists and single rows have in common?"""

from drf_spectacular.utils import OpenApiParameter

from loyalty_site.lib.schema_objects import Answer
from loyalty_site.lib.schema_types import Drawing

#: The id of a row, in the address.
ID = OpenApiParameter("id", int, OpenApiParameter.PATH)


def page_of(row: Answer) -> Drawing:
    """The schema of one page of a list of `row`s."""
    link: Drawing = {"type": ["string", "null"], "format": "uri"}
    return {
        "type": "object",
        "properties": {"next": link, "previous": link, "results": {"type": "array", "items": row.schema()}},
        "required": ["next", "previous", "results"],
    }
