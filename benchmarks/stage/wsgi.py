"""What is served in a benchmark of the API? The product, with the addresses of web.py before its own."""

from django.conf import settings

from loyalty_site.wsgi import application

__all__ = ["application"]

# Read when the first request comes.
settings.ROOT_URLCONF = "benchmarks.stage.web"
