from django.apps import AppConfig
from django.db.models.signals import post_migrate


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = "Members"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models cannot be imported before the registry is full, so not at the top of this file.
        from members import (
            listening,  # noqa: F401 (it listens to changes of who listens)
            segments,  # noqa: F401 (it makes conditions over members known)
        )
        from members.models.storage import leave_room
        from members.outbox import taking_up  # noqa: F401 (it listens to outlets that are taken up again)

        post_migrate.connect(leave_room, sender=self, dispatch_uid="leave_room")
