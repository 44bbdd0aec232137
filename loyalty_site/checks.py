"""Is this installation set up so that it can be trusted? Django's system checks, for our own settings.

The first group refuses to start, at every door: commands, the web server, the worker and the timetable.
`manage.py check --deploy` adds what matters on a production machine, and `manage.py migrate` what matters about the
database server.
"""

from collections.abc import Sequence

from django.conf import settings
from django.core.checks import ERROR, CheckMessage, Error, Tags, Warning, register, run_checks
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

LOCAL = {"127.0.0.1", "localhost", "[::1]"}
EXAMPLE_KEYS = ("django-insecure-", "change-me", "changeme", "secret")


@register(Tags.security)
def debug_stays_at_home(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Debug pages show settings and data to whoever asks."""
    others = sorted(set(settings.ALLOWED_HOSTS) - LOCAL)
    if settings.DEBUG and (settings.HTTPS or others):
        seen_by = ", ".join(others) or "HTTPS"
        return [
            Error(f"DEBUG is on while others can reach this ({seen_by}).", hint="Unset DEBUG.", id="loyalty.E001")
        ]
    return []


@register(Tags.security)
def the_key_is_a_secret(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Who knows the key can make sessions and read credentials."""
    if not settings.DEBUG and settings.SECRET_KEY.lower().startswith(EXAMPLE_KEYS):
        hint = "Unset SECRET_KEY to have one made, or take 50 random characters."
        return [Error("SECRET_KEY is an example, which everybody knows.", hint=hint, id="loyalty.E002")]
    return []


@register(Tags.security, deploy=True)
def the_key_is_shared(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """A key made on this machine differs on the next one, which could read neither sessions nor credentials."""
    made_here = settings.VAR_DIR / "secret_key"
    is_made_here = made_here.exists() and made_here.read_text().strip() == settings.SECRET_KEY
    if is_made_here and may_span_machines():
        hint = f"Set SECRET_KEY on each machine, to the content of {made_here} if it was in use."
        return [Error("SECRET_KEY was made on this machine only.", hint=hint, id="loyalty.E003")]
    return []


@register(Tags.security, deploy=True)
def addresses_are_known(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Behind a proxy everybody comes from its address: failures of one would close the sign-in for all."""
    if settings.HTTPS and not settings.PROXIES:
        hint = "Set PROXIES to how many stand in front and add the address they see to X-Forwarded-For, usually 1."
        return [Warning("Everybody seems to come from the address of the proxy.", hint=hint, id="loyalty.W003")]
    return []


@register(deploy=True)
def tasks_reach_every_machine(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Without Redis, tasks are files of this machine, and limits are counted by each process for itself."""
    if not settings.REDIS_URL and (may_span_machines() or settings.WEB_PROCESSES > 1):
        hint = "Set REDIS_URL, unless everything runs on this one machine."
        return [Warning("Tasks and rate limits stay within this machine and process.", hint=hint, id="loyalty.W001")]
    return []


@register(Tags.database)
def commits_are_durable(
    app_configs: object, databases: Sequence[str] | None = None, **kwargs: object
) -> list[CheckMessage]:
    """With either off, PostgreSQL loses acknowledged postings when it is killed."""
    return [
        Warning(
            f"PostgreSQL's {name} is off: a crash loses postings that were acknowledged.",
            hint=f"Set {name} = on in postgresql.conf, or for the role and the database in use.",
            obj=alias,
            id="loyalty.W002",
        )
        for alias in databases or []
        if connections[alias].vendor == "postgresql"
        for name in ("fsync", "synchronous_commit")
        if ask(connections[alias], name) == "off"
    ]


def why_not_to_start() -> str:
    """What the first group has against a start, in sentences; empty when nothing.

    Django asks its checks for commands only: whoever starts in another way has to ask this.
    """
    found = [one for one in run_checks(tags=[Tags.security]) if one.is_serious(ERROR) and not one.is_silenced()]
    return "\n".join(f"{one.msg} {one.hint or ''}".strip() for one in found)


def may_span_machines() -> bool:
    """Whether the database can be reached from elsewhere, so that there may be several machines like this one."""
    return "sqlite" not in settings.DATABASES["default"]["ENGINE"]


def ask(connection: BaseDatabaseWrapper, name: str) -> str:
    """What a setting of PostgreSQL is set to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return str(cursor.fetchone()[0])
