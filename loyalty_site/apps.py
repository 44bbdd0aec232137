from django.apps import AppConfig

from loyalty_site import checks  # noqa: F401 (importing registers them)


class LoyaltySiteConfig(AppConfig):
    name = "loyalty_site"
    verbose_name = "Back office"
