import gc

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate

#: After so many new objects the collector looks for circles that nobody refers to. Batches and requests make none
#: that last, and by Python's own number, 700, it would look through a batch of 500 facts dozens of times.
COLLECT_AFTER = 50_000


class TransactionsConfig(AppConfig):
    name = "transactions"
    verbose_name = "Transactions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models cannot be imported before the registry is full, so not at the top of this file.
        from transactions import (
            benefits,  # noqa: F401 (it listens to changes of benefits)
            segments,  # noqa: F401 (it makes conditions over members known)
        )
        from transactions.expiry import still_there  # noqa: F401 (it is asked before a reminder leaves)
        from transactions.models.immutability import guard_ledger, let_tables_be_made_anew
        from transactions.policies import carrying  # noqa: F401 (it listens to changes of ladders)

        pre_migrate.connect(let_tables_be_made_anew, sender=self, dispatch_uid="let_tables_be_made_anew")
        post_migrate.connect(guard_ledger, sender=self, dispatch_uid="guard_ledger")
        # What was imported until here lives as long as the process: the collector need not look at it again.
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER)
