from django.apps import AppConfig

from loyalty_site import checks  # noqa: F401 (importing registers them)
from loyalty_site.celery import app  # noqa: F401 (whoever says `.delay` means this application)


class LoyaltySiteConfig(AppConfig):
    name = "loyalty_site"
    verbose_name = "Back office"
