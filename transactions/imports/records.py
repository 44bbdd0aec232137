"""What is known of a record once its texts are read?"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple, TypedDict

from partners.activity import Activity, Line


class Columns(TypedDict):
    """What a record says of its Activity, all but the external id."""

    kind: str
    member: dict[str, str]
    activity_at: datetime
    amount: int | None
    money: str
    tax: int
    shipping: int
    shipping_tax: int | None
    gift_card: int
    points_value: int
    lines: tuple[Line, ...]
    channel: str
    partner: str
    store: str
    code: str


class Refund(NamedTuple):
    """What came back of the purchase `order` (its external id), in minor units: `total` of all that came back by now,
    or, of a row that `is_own`, what came back by this row, at the instant of the row."""

    order: str
    total: int
    is_own: bool


class Row(NamedTuple):
    """One record with the Activity that it is, at the instant `at`.

    `customer` is what the file calls the member ("" where it names them otherwise) and `person` the columns of a new
    Customer: who would be enrolled. `former_id` is the external id under which an earlier version, which compared
    members as they were written, would have recorded it; "" where that is no other one. Where the row is a `refund`,
    its Activity is only what it says.
    """

    line: int
    activity: Activity
    at: datetime
    customer: str
    person: Mapping[str, str | date]
    former_id: str = ""
    refund: Refund | None = None


class Record(NamedTuple):
    """One record as it was read; `key` names it when it has no `external_id`, `former_key` did so before."""

    line: int
    external_id: str
    key: str
    customer: str
    person: Mapping[str, str | date]
    columns: Columns
    former_key: str = ""
    refund: Refund | None = None

    def row(self, ordinal: int) -> Row:
        """The Row. Its `ordinal`, from 1, distinguishes it from equal records."""
        external_id = self.external_id or f"row-{self.key}-{ordinal}"
        activity = Activity(external_id=external_id, **self.columns)
        former_id = f"row-{self.former_key}-{ordinal}" if self.former_key else ""
        return Row(
            self.line, activity, self.columns["activity_at"], self.customer, self.person, former_id, self.refund
        )
