"""How are settings read from the environment? One that cannot be meant ends the start, in one sentence.

Not as an exception that others report: each door (commands, web server, worker) would show a traceback of its own.
Empty is the same as not set, as a line `NAME=` of an .env file means it.
"""

import os
import warnings
from pathlib import Path
from typing import Any, NoReturn

import environ

ON = {"true", "on", "yes", "y", "ok", "1"}
OFF = {"false", "off", "no", "n", "0"}
DATABASES = {"django.db.backends.sqlite3", "django.db.backends.postgresql"}
REDIS = ("redis://", "rediss://")


def refuse(name: str, why: str) -> NoReturn:
    """End the start with a sentence about the variable `name`."""
    raise SystemExit(f"{name} {why}")


class Environment:
    """The variables by what they hold."""

    def text(self, name: str, default: str) -> str:
        return os.environ.get(name, "").strip() or default

    def words(self, name: str) -> list[str]:
        """What stands between commas."""
        return [part.strip() for part in self.text(name, "").split(",") if part.strip()]

    def switch(self, name: str, default: bool) -> bool:
        given = self.text(name, "").lower()
        if given and given not in ON | OFF:
            refuse(name, f"is {given!r}: set it to true or false.")
        return given in ON if given else default

    def whole(self, name: str, default: int, *, least: int, most: int = 2**31 - 1) -> int:
        """A whole number from `least` to `most`."""
        given = self.text(name, str(default))
        if not (given.isascii() and given.isdecimal() and len(given) <= 10 and least <= int(given) <= most):
            refuse(name, f"is {given!r}: set it to a whole number from {least} to {most}, such as {default}.")
        return int(given)

    def word(self, name: str, default: str, known: tuple[str, ...]) -> str:
        given = self.text(name, default).upper()
        if given not in known:
            refuse(name, f"is {given!r}: set it to one of {', '.join(known)}.")
        return given

    def redis(self, name: str) -> str:
        """An address of Redis, or nothing. It may hold a password, so that it is not repeated."""
        given = self.text(name, "")
        if given and not given.startswith(REDIS):
            refuse(name, "is no address of Redis: write redis://host:6379/0, or leave it out.")
        return given

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Django's settings of a database. The address may hold a password, so that it is not repeated."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of an address that is none, with the address
                found: dict[str, Any] = environ.Env.db_url_config(self.text(name, default))
        except Exception:
            found = {}
        is_named = found.get("NAME") or "service" in found.get("OPTIONS", {})
        if found.get("ENGINE") not in DATABASES or not is_named:
            refuse(
                name,
                "is no address of a database that is known here: write postgres://user:password@host:5432/name, "
                "with what is special in the password as %XX, or leave it out for SQLite.",
            )
        return found

    def folder(self, name: str, default: Path) -> Path:
        """A folder that only its owner may read, made if it is not there."""
        path = Path(self.text(name, str(default)))
        make(path, name)
        return path


def make(path: Path, name: str) -> None:
    """Make the folder `path`, which the variable `name` names or holds."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        why = "there is a file of that name" if isinstance(error, FileExistsError) else error.strerror
        refuse(name, f"cannot be used: {path} cannot be made a folder ({why}). Name a folder that you may write to.")
