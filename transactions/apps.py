import gc

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TransactionsConfig(AppConfig):
    name = "transactions"
    verbose_name = "Transactions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models cannot be imported before the registry is full, so not at the top of this file.
        from transactions.models.immutability import guard_ledger

        post_migrate.connect(guard_ledger, sender=self, dispatch_uid="guard_ledger")
        # What was imported until here lives as long as the process: the collector need not look at it again.
        gc.freeze()
