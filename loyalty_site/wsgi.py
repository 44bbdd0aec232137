"""The entry of a web server: `gunicorn --config python:loyalty_site.server loyalty_site.wsgi`."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from loyalty_site.checks import why_not_to_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty_site.settings")

application = get_wsgi_application()
if refused := why_not_to_start():
    raise ImproperlyConfigured(refused)
