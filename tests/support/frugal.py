"""What is dear in production, or in tests, and proves nothing here? It is left out."""

import functools
import gc

import pytest
from django.conf import settings
from django.db import connection
from django.db.models.manager import BaseManager
from django.test import client


def pytest_configure():
    # A password is as hard to make as to guess; here nobody guesses.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Each client of a test would list all static files again; so they are looked for when they are asked for.
    settings.WHITENOISE_AUTOREFRESH = True
    if connection.vendor == "sqlite":
        # Nor does anybody miss what a power cut takes: a commit waits for no disk.
        settings.DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"


@pytest.hookimpl(trylast=True)
def pytest_collection_finish():
    """The collector need not look again at modules and tests, nor after each few rows of Django's."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


def _keep_pages(store, signal, sender, template, context, **kwargs):
    """As Django's test client does, but for the widgets, of which a page has hundreds."""
    if not (template.name or "").startswith(("django/forms/", "unfold/widgets/")):
        keep(store, signal, sender, template, context, **kwargs)


keep, client.store_rendered_templates = client.store_rendered_templates, _keep_pages
# The manager of a model's history is a class that is made anew each time that somebody asks for it.
BaseManager.from_queryset = classmethod(functools.cache(BaseManager.from_queryset.__func__))
