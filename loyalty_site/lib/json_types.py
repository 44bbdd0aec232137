"""What may a JSON value be?"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

#: A value as it is read from JSON, or written to it.
Json: TypeAlias = str | int | float | bool | Sequence["Json"] | Mapping[str, "Json"] | None

#: An object whose members are read by name.
JsonObject: TypeAlias = dict[str, Json]

#: A value that was read without loss: its fractions are Decimals.
ExactJson: TypeAlias = str | int | float | Decimal | bool | Sequence["ExactJson"] | Mapping[str, "ExactJson"] | None
