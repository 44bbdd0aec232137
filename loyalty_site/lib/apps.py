"""What do packages look like as apps of ours?"""

from axes.apps import AppConfig as AxesConfig
from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    """Makes `django.contrib.admin.site` ours; the apps' admin modules register with it."""

    default_site = "loyalty_site.lib.admin.Site"


class SignInConfig(AxesConfig):
    """Counts failures to sign in, see loyalty_site/sign_in.py."""

    verbose_name = "Sign-in"
