"""Credentials lie encrypted in the database and survive a change of the installation's key."""

import pytest
from django.core import serializers
from django.db import connection

from partners.models import Connection
from partners.secrets import Lost
from tests.support import factories

SECRET = {"token": "shpat_canary", "nested": {"list": [1, None, "é"]}}


@pytest.fixture
def shop(db):
    return Connection.objects.create(partner=factories.partner(), name="Shop", credentials=SECRET)


def stored(shop):
    with connection.cursor() as cursor:
        cursor.execute("SELECT credentials FROM partners_connection WHERE id = %s", [shop.pk])
        value = cursor.fetchone()[0]
    return None if value is None else bytes(value)


def test_they_come_back_as_they_were(shop):
    assert Connection.objects.get(pk=shop.pk).credentials == SECRET


def test_the_database_holds_only_ciphertext(shop):
    assert b"canary" not in stored(shop)
    before = stored(shop)
    Connection.objects.get(pk=shop.pk).save()
    # Each writing has its own initialisation vector.
    assert stored(shop) != before


def test_none_stays_none(shop):
    shop.credentials = None
    shop.save()
    assert stored(shop) is None
    assert Connection.objects.get(pk=shop.pk).credentials is None


def test_an_old_key_still_reads_and_a_new_one_writes(shop, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    again = Connection.objects.get(pk=shop.pk)
    assert again.credentials == SECRET
    again.save()
    settings.SECRET_KEY_FALLBACKS = []
    assert Connection.objects.get(pk=shop.pk).credentials == SECRET


def test_without_the_key_it_is_lost_and_comes_back_with_the_key(shop, settings):
    right = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "other" * 12, []
    row = Connection.objects.get(pk=shop.pk)
    assert isinstance(row.credentials, Lost)
    assert not row.credentials
    row.save()
    settings.SECRET_KEY = right
    assert Connection.objects.get(pk=shop.pk).credentials == SECRET


def test_they_are_never_serialised(shop):
    with pytest.raises(TypeError, match="not serialised"):
        serializers.serialize("json", [shop])
