from django.apps import AppConfig, apps

from loyalty_site import checks  # noqa: F401 (importing registers them)
from loyalty_site.celery import app  # noqa: F401 (whoever says `.delay` means this application)


class LoyaltySiteConfig(AppConfig):
    name = "loyalty_site"
    verbose_name = "Back office"

    def ready(self) -> None:
        # Needs Django's own registry, which is full only now.
        from loyalty_site.lib import texts

        texts.watch(apps.get_models())
