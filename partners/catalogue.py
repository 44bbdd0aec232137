"""Which of our stores and products does an activity speak of?"""

from loyalty_site.lib.refusals import Refused


class UnknownStore(Refused):
    code = "store_unknown"


class Catalogue:
    """The stores and products that a batch names, read with one statement each.

    Said inside a pipeline; the answers are read when first asked for. `partner` is the code of the
    partner that is meant where an activity names none.
    """

    def __init__(self, session, items, *, partner):
        self._partner = partner
        stores = sorted({item.store for item in items if getattr(item, "store", "")})
        skus = sorted({line.sku for item in items for line in getattr(item, "lines", ()) if getattr(line, "sku", "")})
        self._stores = self._products = None
        if stores:
            self._stores = session.run(
                "SELECT p.code, s.code, s.id FROM partners_store s JOIN partners_partner p ON p.id = s.partner_id "
                "WHERE s.is_active AND s.code {ids}",
                [stores],
            )
        if skus:
            self._products = session.run(
                "SELECT p.code, i.sku, i.id, i.category FROM partners_product i "
                "JOIN partners_partner p ON p.id = i.partner_id WHERE i.sku {ids}",
                [skus],
            )

    def take(self):
        """Read the answers, once the pipeline has ended."""
        self.stores = {row[:2]: row[2] for row in self._stores.fetchall()} if self._stores else {}
        self.products = {row[:2]: row[2:] for row in self._products.fetchall()} if self._products else {}

    def store_id(self, item):
        """The key of the item's store, None when it names none. Raises UnknownStore."""
        if not item.store:
            return None
        partner = item.partner or self._partner
        if (partner, item.store) not in self.stores:
            raise UnknownStore(f"Partner {partner} has no active store with this code.", field="store")
        return self.stores[partner, item.store]

    def product(self, item, sku):
        """(key, category) of a SKU; (None, "") when the partner's catalogue does not have it."""
        return self.products.get((item.partner or self._partner, sku), (None, ""))
