"""How are settings read from the environment? One that cannot be meant ends the start, in one sentence.

Not as an exception that others report: each door (commands, web server, worker) would show a traceback of its own.
Empty is the same as not set, as a line `NAME=` of an .env file means it.
"""

import importlib.util
import os
import re
import secrets
import tempfile
import warnings
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.parse import unquote, urlsplit

import environ

from loyalty_site.lib.receivers import allowed

ON = {"true", "on", "yes", "y", "ok", "1"}
OFF = {"false", "off", "no", "n", "0"}
DATABASES = {"django.db.backends.sqlite3", "django.db.backends.postgresql"}
REDIS = ("redis://", "rediss://")
#: {scheme: (port that is meant without one, encrypted by STARTTLS, encrypted from the start)}.
SMTP = {
    "smtp": (25, False, False),
    "smtp+tls": (587, True, False),
    "smtps": (465, False, True),
    "smtp+ssl": (465, False, True),
}
NO_MAIL_SERVER = (
    "is no address of a mail server: write smtp+tls://user:password@host:587, with what is special in the password "
    "as %XX, or leave it out."
)


class MailServer(NamedTuple):
    """A mail server as Django's settings have it, in the order in which settings.py names them."""

    host: str = "localhost"
    port: int = 25
    user: str = ""
    password: str = ""
    starts_tls: bool = False
    is_tls: bool = False


def refuse(name: str, why: str) -> NoReturn:
    """End the start with a sentence about the variable `name`."""
    raise SystemExit(f"{name} {why}")


class Environment:
    """The variables by what they hold."""

    def text(self, name: str, default: str) -> str:
        return os.environ.get(name, "").strip() or default

    def address(self, name: str, default: str) -> str:
        """Where something is in the web, without a slash at its end."""
        given = self.text(name, default).rstrip("/")
        if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", given):
            refuse(name, f"is {given!r}: write where people reach it, such as https://loyalty.example.com.")
        return given

    def words(self, name: str) -> list[str]:
        """What stands between commas."""
        return [part.strip() for part in self.text(name, "").split(",") if part.strip()]

    def beginning_with(self, prefix: str) -> dict[str, str]:
        """{what stands behind `prefix`: value} of all that are set."""
        return {
            name.removeprefix(prefix): value.strip()
            for name, value in os.environ.items()
            if name.startswith(prefix) and value.strip()
        }

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

    def mail(self, name: str) -> MailServer | None:
        """The mail server of an address, None without one. It may hold a password, so that it is not repeated."""
        given = self.text(name, "")
        if not given:
            return None
        try:
            parts = urlsplit(given)
            host, port = parts.hostname, parts.port
        except ValueError:
            refuse(name, NO_MAIL_SERVER)
        if parts.scheme not in SMTP or not host or parts.path.strip("/") or parts.query or parts.fragment:
            refuse(name, NO_MAIL_SERVER)
        usual, starts_tls, is_tls = SMTP[parts.scheme]
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return MailServer(host, port or usual, user, password, starts_tls, is_tls)

    def backend(self, name: str, default: str) -> str:
        """The class of a package that is installed, by its dotted name."""
        given = self.text(name, default)
        module, _, _ = given.rpartition(".")
        try:
            is_there = bool(module) and importlib.util.find_spec(module) is not None
        except (ImportError, ValueError):
            is_there = False
        if not is_there:
            refuse(name, f"is {given!r}, which is not installed: write it as package.module.Class, or leave it out.")
        return given

    def receivers(self, name: str) -> list[str]:
        """Receivers in one's own network: host:port, addresses, networks."""
        words = self.words(name)
        try:
            allowed(tuple(words))
        except ValueError as error:
            refuse(name, str(error))
        return words

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


def kept_key(folder: Path, name: str) -> str:
    """The key of this installation: made once, kept in `folder` (of the variable `name`), for its owner only."""
    path = folder / "secret_key"
    if not path.exists():
        if not os.access(folder, os.W_OK):
            refuse(name, f"cannot be used: {folder} is read-only. Name a folder that you may write to.")
        handle, draft = tempfile.mkstemp(dir=folder)  # mode 0600
        with open(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            # A link appears whole or not at all, so two first starts at once agree on one key.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return path.read_text().strip()


def mail_backend(*, has_server: bool, is_embedded: bool) -> str:
    """Django's mail backend where nobody names one: the embedded deployment without a server writes to its screen,
    where a production would write addresses of members into its logs."""
    if has_server:
        return "django.core.mail.backends.smtp.EmailBackend"
    return "django.core.mail.backends.console.EmailBackend" if is_embedded else "loyalty_site.lib.mail.NoServer"
