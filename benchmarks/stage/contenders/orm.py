"""The floor by Django's ORM: the same five statements on the same tables, well written."""

import secrets
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.stage.contenders.floor import MEMBERS

if TYPE_CHECKING:
    from django.db.models import Model

POINTS = 12

_models: "dict[str, type[Model]]" = {}


def models() -> "dict[str, type[Model]]":
    """Models of the tables in floor.py, made when first asked for: Django has to be set up before."""
    if not _models:
        from django.db import models as fields

        def model(table: str, **columns: fields.Field) -> "type[Model]":
            meta = type("Meta", (), {"app_label": "five", "db_table": f"five_{table}", "managed": False})
            return type(f"Five{table.title()}", (fields.Model,), {"__module__": __name__, "Meta": meta, **columns})

        number, text, instant = fields.BigIntegerField, fields.TextField, fields.DateTimeField
        _models["balance"] = model(
            "balance", member_id=fields.BigIntegerField(primary_key=True), available=number(), version=number()
        )
        _models["transaction"] = model(
            "transaction",
            id=fields.BigAutoField(primary_key=True),
            member_id=number(),
            external_id=text(),
            amount=number(),
            posted_at=instant(),
        )
        key = fields.BigAutoField
        _models["entry"] = model(
            "entry", id=key(primary_key=True), transaction_id=number(), member_id=number(), points=number()
        )
        entry = fields.BigIntegerField(primary_key=True)
        _models["lot"] = model("lot", entry_id=entry, member_id=number(), remaining=number(), expires_at=instant())
        _models["outbox"] = model("outbox", id=key(primary_key=True), member_id=number(), body=text())
    return _models


class FiveByORM:
    def __init__(self, place: int, places: int) -> None:
        self.tables = models()
        self.name = f"{secrets.token_hex(4)}-{place}-"
        self.numbers = count(place, places)

    def prepare(self, seconds: float) -> None:
        """Nothing."""

    def post(self, until: float) -> int:
        from django.db import transaction

        posted = 0
        while perf_counter() < until:
            with transaction.atomic():
                self._post(next(self.numbers))
            posted += 1
        return posted

    def _post(self, number: int) -> None:
        from django.db.models import F
        from django.utils import timezone

        tables, member, now = self.tables, number % MEMBERS + 1, timezone.now()
        made = tables["transaction"].objects.create(
            member_id=member, external_id=f"{self.name}{number}", amount=1250, posted_at=now
        )
        entry = tables["entry"].objects.create(transaction_id=made.pk, member_id=member, points=POINTS)
        # The key is given, so that create() would look for the row first; bulk_create() only inserts.
        tables["lot"].objects.bulk_create(
            [tables["lot"](entry_id=entry.pk, member_id=member, remaining=POINTS, expires_at=now)]
        )
        tables["balance"].objects.filter(pk=member).update(
            available=F("available") + POINTS, version=F("version") + 1
        )
        tables["outbox"].objects.create(member_id=member, body="earned 12")
