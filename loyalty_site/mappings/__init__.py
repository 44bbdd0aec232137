"""Which exports of other platforms can be imported as they are? Purchases by the mappings in `transactions/`, members
and their balances by those in `members/`."""

from loyalty_site.lib.ready_mappings import TRANSACTIONS

names, path_of = TRANSACTIONS.names, TRANSACTIONS.path_of

__all__ = ["names", "path_of"]
