"""How is JSON stored that is only ever read as a whole? As text, which neither database takes apart.

A JSONField is jsonb on PostgreSQL: the server reads each document, writes it anew and a fifth longer. Where posting
writes a thousand of them at once and nobody looks for what is in them, that costs more than all else of their rows.
"""

from typing import Any

import orjson
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from loyalty_site.lib.arrays import json_text


class JsonTextField(models.JSONField):
    """A JSON document that is never null; no filter can ask for what is in it."""

    def get_internal_type(self) -> str:
        return "TextField"

    def from_db_value(self, value: str | None, expression: object, connection: BaseDatabaseWrapper) -> Any:
        return None if value is None else orjson.loads(value)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        return value if hasattr(value, "resolve_expression") else json_text(value)
