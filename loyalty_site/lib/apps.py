"""What do packages look like as apps of ours?"""

from axes.apps import AppConfig as AxesConfig
from django.contrib.admin.apps import AdminConfig
from django.db.backends.signals import connection_created

from loyalty_site.lib import commits


class BackOfficeConfig(AdminConfig):
    """Makes `django.contrib.admin.site` ours; the apps' admin modules register with it."""

    default_site = "loyalty_site.lib.admin.Site"

    def ready(self) -> None:
        super().ready()
        # The first of our apps to be ready, it also begins to watch the connections to the database.
        connection_created.connect(commits.watch)


class SignInConfig(AxesConfig):
    """Counts failures to sign in, see loyalty_site/sign_in.py."""

    verbose_name = "Sign-in"
