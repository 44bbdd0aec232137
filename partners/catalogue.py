"""Which of our stores and products does an activity speak of?"""

from collections.abc import Iterable
from typing import NamedTuple

from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session


class UnknownStore(Refused):
    """The partner has no active store of this code."""

    code = "store_unknown"


class Known(NamedTuple):
    """What the catalogue has of a SKU: `id` None and no category where it has none."""

    id: int | None = None
    category: str = ""


class Catalogue:
    """The stores and products that a batch names, read with one statement each.

    Sent inside a pipeline, taken when it has ended. `partner` is the code of the partner that is meant where an
    activity names none.
    """

    def __init__(self, session: Session, *, stores: Iterable[str], skus: Iterable[str], partner: str) -> None:
        self.partner = partner
        self._stores: dict[tuple[str, str], int] = {}
        self._products: dict[tuple[str, str], Known] = {}
        wanted_stores, wanted_skus = sorted({*stores} - {""}), sorted({*skus} - {""})
        self._store_rows = self._product_rows = None
        if wanted_stores:
            self._store_rows = session.run(
                "SELECT p.code, s.code, s.id FROM partners_store s JOIN partners_partner p ON p.id = s.partner_id "
                "WHERE s.is_active AND s.code {ids}",
                [wanted_stores],
            )
        if wanted_skus:
            self._product_rows = session.run(
                "SELECT p.code, i.sku, i.id, i.category FROM partners_product i "
                "JOIN partners_partner p ON p.id = i.partner_id WHERE i.sku {ids}",
                [wanted_skus],
            )

    def take(self) -> "Catalogue":
        for partner, code, key in self._store_rows.fetchall() if self._store_rows else ():
            self._stores[partner, code] = key
        for partner, sku, key, category in self._product_rows.fetchall() if self._product_rows else ():
            self._products[partner, sku] = Known(key, category)
        return self

    def store_id(self, partner: str, store: str) -> int | None:
        """The key of a store, None when none is named; `partner` "" for the usual one. Raises UnknownStore."""
        if not store:
            return None
        partner = partner or self.partner
        if (partner, store) not in self._stores:
            raise UnknownStore(f"Partner {partner} has no active store with this code.", field="store")
        return self._stores[partner, store]

    def product(self, partner: str, sku: str) -> Known:
        """What the catalogue of a partner ("" for the usual one) has of a SKU."""
        return self._products.get((partner or self.partner, sku), Known())
