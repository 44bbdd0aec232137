"""Every setting of the product, in one place, from the environment (see the table in README.md).

Nothing needs to be set: the default is the embedded deployment (SQLite, no services). `DATABASE_URL`
and `REDIS_URL` alone switch to production.
"""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from django.templatetags.static import static
from redis.backoff import NoBackoff
from redis.retry import Retry

from loyalty_site.lib import api_in_words, logs
from loyalty_site.lib.environment import Environment, MailServer, kept_key, mail_backend, make

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

# Members' data and keys: for the owner only.
VAR_DIR = env.folder("VAR_DIR", BASE_DIR / "var")


DEBUG = env.switch("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY", "") or kept_key(VAR_DIR, "VAR_DIR")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
# This machine may always ask itself whether it is healthy.
ALLOWED_HOSTS = [*env.words("ALLOWED_HOSTS"), "127.0.0.1", "localhost", "[::1]"]

# One switch for everything that follows from TLS. It ends at a proxy in front, which must set
# X-Forwarded-Proto itself and drop the one that a client sends.
HTTPS = env.switch("HTTPS", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "loyalty_site.closed_pages.form_too_old"
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"
# Each of them adds the address that it saw to X-Forwarded-For: see loyalty_site/lib/client_address.py.
PROXIES = env.whole("PROXIES", 0, least=0, most=10)
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "loyalty_site.lib.apps.BackOfficeConfig",
    "loyalty_site.lib.apps.SignInConfig",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
    "partners",
    "programs",
    "members",
    "transactions",
    "loyalty_site",
    # Behind ours, whose command `createsuperuser` takes the place of its own.
    "django.contrib.auth",
]

MIDDLEWARE = [
    "loyalty_site.lib.logs.RequestLogMiddleware",
    "loyalty_site.lib.page_policy.PagePolicy",
    "loyalty_site.failures.DatabaseRefusals",
    "loyalty_site.lib.plain_http.PlainHttp",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "loyalty_site.lib.bodies.Bodies",
    "django.middleware.gzip.GZipMiddleware",
    "loyalty_site.lib.people.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "loyalty_site.lib.people.Authentication",
    "loyalty_site.lib.people.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "loyalty_site.lib.people.history",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "loyalty_site.urls"
WSGI_APPLICATION = "loyalty_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"back_office": "loyalty_site.lib.admin.rows", "bell": "members.admin.bell"},
        },
    }
]

DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{quote(str(VAR_DIR / 'loyalty.sqlite3'))}")}
_database = DATABASES["default"]
PREPARED_STATEMENTS = env.switch("PREPARED_STATEMENTS", True)
# On SQLite, too: to open it for each request, and to bring its log home at each end, costs more than most requests.
_database["CONN_MAX_AGE"] = env.whole("CONN_MAX_AGE", 600, least=0)
if "sqlite" in _database["ENGINE"]:
    # IMMEDIATE takes the write lock at BEGIN, so writers queue up instead of failing with "database is
    # locked"; FULL because a ledger does not lose an acknowledged posting in a power cut. What the URL
    # says wins over these. Without recursive triggers, INSERT OR REPLACE would delete ledger rows unseen.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-20000; "
        "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=134217728; PRAGMA recursive_triggers=ON;",
    } | _database.get("OPTIONS", {})
    # A file, because the tests use threads, and an in-memory database is one connection. Named by the
    # process, so that two test runs in one folder do not meet.
    _database["TEST"] = {"NAME": VAR_DIR / f"test-{os.getpid()}.sqlite3"}
else:
    _database["CONN_HEALTH_CHECKS"] = True
    if PREPARED_STATEMENTS:
        # The ledger sends few statements very often. Planned once, they cost the server half: it would plan
        # "= ANY(array)" anew each time, because it takes ten values for dearer than one. Behind PgBouncer
        # in transaction mode set it to false.
        _database["OPTIONS"] = {
            "prepare_threshold": 5,
            "options": "-c plan_cache_mode=force_generic_plan",
        } | _database.get("OPTIONS", {})

# One writer at a time is all that SQLite has: more threads only wait longer in line.
WEB_HOST = env.text("HOST", "127.0.0.1")
WEB_PORT = env.whole("PORT", 8000, least=1, most=65535)
# Where people reach us from outside: what messages link to. No header of a request is asked for it.
PUBLIC_URL = env.address("PUBLIC_URL", f"http://{f'[{WEB_HOST}]' if ':' in WEB_HOST else WEB_HOST}:{WEB_PORT}")
WEB_PROCESSES = env.whole("WEB_PROCESSES", 1, least=1, most=1000)
WEB_THREADS = env.whole("WEB_THREADS", 4 if "sqlite" in _database["ENGINE"] else 8, least=1, most=1000)
# So many seconds have the headers of a request to arrive, a whole request, and an answer to be taken. No thread waits
# for any of them, so that they may be generous.
WEB_HEADERS_TIMEOUT = env.whole("WEB_HEADERS_TIMEOUT", 10, least=1, most=3600)
WEB_BODY_TIMEOUT = env.whole("WEB_BODY_TIMEOUT", 60, least=1, most=3600)
WEB_ANSWER_TIMEOUT = env.whole("WEB_ANSWER_TIMEOUT", 60, least=1, most=3600)

# What the database may keep a web request waiting for, in seconds, 0 for as long as it takes: a lock of somebody else
# (on SQLite its one writer, for whom all wait), one statement, and how long a transaction may do nothing.
WEB_LOCK_TIMEOUT = env.whole("WEB_LOCK_TIMEOUT", 15 if "sqlite" in _database["ENGINE"] else 5, least=0, most=3600)
WEB_STATEMENT_TIMEOUT = env.whole("WEB_STATEMENT_TIMEOUT", 30, least=0, most=86_400)
WEB_IDLE_TRANSACTION_TIMEOUT = env.whole("WEB_IDLE_TRANSACTION_TIMEOUT", 60, least=0, most=86_400)

REDIS_URL = env.redis("REDIS_URL")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "loyalty_site.lib.counting.CountingRedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "loyalty",
            # It only counts requests, which each process can do by itself for some seconds: nobody waits for it.
            "OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25, "retry": Retry(NoBackoff(), 0)},
        }
    }
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, str | float] = {"socket_timeout": 5, "socket_connect_timeout": 2}
else:
    # One web process, so its own memory is exact, and the one writer of SQLite is left to the ledger.
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    BROKER_DIR = VAR_DIR / "broker"
    make(BROKER_DIR, "VAR_DIR")
    CELERY_BROKER_URL = "filesystem://localhost/"
    CELERY_BROKER_TRANSPORT = "loyalty_site.broker:Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR),
        "data_folder_out": str(BROKER_DIR),
        "control_folder": str(BROKER_DIR),
        # The default of one second is what a member would wait for a message.
        "polling_interval": 0.05,
    }

# The rows are the queue and a task only wakes who reads them: it may be lost, and nobody waits for it.
CELERY_TASK_DEFAULT_QUEUE = "loyalty"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 3600
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat")

# What leaves goes to public receivers, encrypted; these of our own network are exceptions (docs/channels.md).
OUTBOUND_ALLOWED = env.receivers("OUTBOUND_ALLOWED")
_mail = env.mail("EMAIL_URL")
EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS, EMAIL_USE_SSL = _mail or MailServer()
EMAIL_BACKEND = env.backend("EMAIL_BACKEND", mail_backend(has_server=bool(_mail), is_embedded=not REDIS_URL))
EMAIL_TIMEOUT = env.whole("EMAIL_TIMEOUT", 10, least=1, most=300)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", "loyalty@localhost")
ANYMAIL = env.beginning_with("ANYMAIL_") | {"REQUESTS_TIMEOUT": EMAIL_TIMEOUT}
# What leaves for members, staff and other systems (docs/operations.md). So many workers send at once, each with so
# many threads; what one has taken is another's again after so many seconds, whatever became of the first. Bodies of
# requests and answers, and what has ended, are kept for so many days.
OUTBOX_DRAINS = env.whole("OUTBOX_DRAINS", 1 if "sqlite" in _database["ENGINE"] else 4, least=1, most=100)
OUTBOX_THREADS = env.whole("OUTBOX_THREADS", 16, least=1, most=200)
OUTBOX_LEASE_S = env.whole("OUTBOX_LEASE_S", 120, least=2, most=3600)
OUTBOX_BODIES_KEPT_DAYS = env.whole("OUTBOX_BODIES_KEPT_DAYS", 30, least=1, most=3650)
OUTBOX_KEPT_DAYS = env.whole("OUTBOX_KEPT_DAYS", 90, least=1, most=3650)

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
# Otherwise each page of the admin looks up every word in English, and the names of all languages that Django speaks.
USE_I18N = False
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
# Unset: served from where the packages keep them, without a build step. Set: `collectstatic` puts them
# there under names that change with their content.
STATIC_ROOT = env.text("STATIC_ROOT", "") or None
WHITENOISE_USE_FINDERS = not STATIC_ROOT
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Who signs in: long passwords that are not known to everybody, and few guesses (loyalty_site/sign_in.py).
AUTHENTICATION_BACKENDS = ["loyalty_site.sign_in.Gate", "django.contrib.auth.backends.ModelBackend"]
_rules, _at_least = "django.contrib.auth.password_validation", {"MinimumLength": {"min_length": 12}}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_rules}.{rule}Validator", "OPTIONS": _at_least.get(rule, {})}
    for rule in ("MinimumLength", "UserAttributeSimilarity", "CommonPassword", "NumericPassword")
]
AXES_HANDLER = "loyalty_site.sign_in.Counter"
AXES_LOCKOUT_CALLABLE = "loyalty_site.sign_in.refusal"
AXES_CLIENT_IP_CALLABLE = "loyalty_site.lib.client_address.client_address"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address"]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False  # Its page is ours (loyalty_site/admin.py).

# The theme of the back office; its pages are in templates/admin and each app's admin.
UNFOLD = {
    "SITE_TITLE": "Loyalty",
    "SITE_HEADER": "Loyalty",
    "SITE_SUBHEADER": "Back office",
    "SITE_SYMBOL": "loyalty",
    "SITE_URL": None,
    "SHOW_BACK_BUTTON": True,
    "STYLES": [lambda request: static("loyalty/loyalty.css")],
}
# An old version is for reading: going back to it is an edit like any other, checked like any other.
SIMPLE_HISTORY_REVERT_DISABLED = True

# The API: who calls shows a key, and everything is refused that is not declared (docs/api.md).
API_LARGEST_BODY = env.whole("API_LARGEST_BODY", 5_000_000, least=1)
API_REQUESTS_PER_MINUTE = env.whole("API_REQUESTS_PER_MINUTE", 3000, least=1)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["partners.authentication.BearerKey"],
    "DEFAULT_PERMISSION_CLASSES": ["partners.authentication.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["partners.authentication.KeyThrottle"],
    "DEFAULT_SCHEMA_CLASS": "loyalty_site.lib.schema.Schema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "loyalty_site.api.problem",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Loyalty API",
    "DESCRIPTION": api_in_words.DESCRIPTION,
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "POSTPROCESSING_HOOKS": ["loyalty_site.openapi.complete"],
    "SORT_OPERATIONS": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": False},
}

LOGGING = logs.configuration(env.word("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")))
