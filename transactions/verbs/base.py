"""What is a verb of the ledger? One fact that can be posted: its item, its check, what it needs, its posting."""

from collections.abc import Iterator
from typing import ClassVar, Generic, NamedTuple, TypeVar

from loyalty_site.lib.refusals import Refusal
from partners.activity import Identifiers
from transactions.books.items import Item, Result
from transactions.books.posting import Posting
from transactions.books.references import Named
from transactions.models import Journal

I = TypeVar("I", bound=Item)  # noqa: E741 (an item)


class Needs(NamedTuple):
    """What has to be read before an item can be posted; said by its verb, read for the whole batch at once.

    `external_id` is the name under which the fact is written down, "" where none is.
    `member` and `second` are identifiers of the member whose points move (None: the one of the journal that is
    `named`) and of another one, whom the sender names in the field `second_field`. `partner`, `store` and `skus`
    are looked up in the catalogue, the rate of foreign `money` in the program's table.
    """

    external_id: str = ""
    member: Identifiers | None = None
    second: Identifiers | None = None
    second_field: str = ""
    named: Named = Named()
    #: What is named may come later: then there is no member yet.
    may_come_later: bool = False
    #: Who paid for the named order with points is locked, too.
    payers: bool = False
    #: The lots of the members, because points may be taken from them.
    lots: bool = False
    #: The tiers that the members held before, because one of them may be restored.
    past: bool = False
    #: The counters of the caps under which the named journal was given points: they get something back.
    returns: bool = False
    #: What members gave away and received of late.
    transfers: bool = False
    money: str = ""
    partner: str = ""
    store: str = ""
    skus: tuple[str, ...] = ()
    #: What was typed for a promotion.
    code: str = ""
    #: Kinds of further journals that it writes under its name.
    writes_too: tuple[Journal.Kind, ...] = ()
    #: What others that came before it call it by: refunds and events of an order.
    order: str = ""


class Verb(Generic[I]):
    """One file of this folder. `kind` is that of the journals it writes, None where it only decides another one."""

    slug: str = ""
    Item: ClassVar[type[Item]]
    kind: ClassVar[Journal.Kind | None] = None
    #: Whether its open journals are booked by reading the item again as it was reported.
    is_resumed: ClassVar[bool] = False

    def check(self, item: I) -> Iterator[Refusal]:
        """What is wrong with an item of this kind, whatever the state of the world."""
        yield from ()

    def needs(self, item: I) -> Needs:
        """What has to be read before `item` can be posted."""
        raise NotImplementedError

    def post(self, posting: Posting[I]) -> Result:
        """Book the item of `posting`. Raises Refused before anything moves."""
        raise NotImplementedError
