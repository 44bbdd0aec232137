"""How is a line of a purchase written in the API?"""

from loyalty_site.lib.schema_objects import Fields, FrozenItems
from loyalty_site.lib.schema_types import Json, Money, SchemaType, Text
from partners import limits
from partners.activity import LABEL, LINE_ATTRIBUTES, Line
from transactions.api.schemas.fields import line, named, quantity, text


def bought(decimals: int) -> Fields[Line]:
    """What may be said of one line, with amounts of a money that has so many decimals."""
    said: dict[str, SchemaType[object]] = {
        "sku": text(Line, "sku"),
        "category": text(Line, "category"),
        "quantity": quantity(Line, text="How many units, 1 unless said; weighed ones with up to three decimals."),
        "amount": Money(decimals, text="What the line costs, tax included."),
        "tax": Money(decimals, text="Part of what was paid for the line."),
        "discount": Money(
            decimals,
            text="Part of the amount that was not paid. Discounts that no line says are spread over all of them.",
        ),
        "labels": FrozenItems(
            Text(LABEL.characters, required=True),
            most=limits.most(Line, "labels"),
            text="What rules may ask for or leave out, like sale.",
        ),
        "attributes": Json(
            text="What else rules may ask of the line, in "
            f"{LINE_ATTRIBUTES.characters:,} characters at most; numbers with a fraction are kept as text."
        ),
    }
    return Fields(named("TransactionLine", decimals), said, line)
