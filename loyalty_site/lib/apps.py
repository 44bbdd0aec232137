"""Which admin site is `django.contrib.admin.site`? Ours; the apps' admin modules register with it."""

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    default_site = "loyalty_site.lib.admin.Site"
