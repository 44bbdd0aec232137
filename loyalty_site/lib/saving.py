"""What does Django's `Model.save` take? For models that do more when they are saved."""

from collections.abc import Iterable
from typing import TypedDict

from django.db.models.base import ModelBase


class SaveOptions(TypedDict, total=False):
    """The keyword arguments of `save`, to be passed on: `**options: Unpack[SaveOptions]`."""

    force_insert: bool | tuple[ModelBase, ...]
    force_update: bool
    using: str | None
    update_fields: Iterable[str] | None


def also(options: SaveOptions, *names: str) -> None:
    """Where only some fields are saved, these are too."""
    if options.get("update_fields"):
        options["update_fields"] = {*(options["update_fields"] or ()), *names}
