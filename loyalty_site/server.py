"""How does gunicorn serve us? Its configuration, the same for `make run` and in production."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty_site.settings")

from loyalty_site import checks, settings, web_errors
from loyalty_site.web_database import limit_waits

if refused := checks.why_not_to_start():
    # Here, and not in its processes: one sentence ends it, instead of a traceback from each of them.
    raise SystemExit(refused)

web_errors.install()
host = f"[{settings.WEB_HOST}]" if ":" in settings.WEB_HOST else settings.WEB_HOST
bind = f"{host}:{settings.WEB_PORT}"
# Of gthread, but its threads never wait for a client.
worker_class = "loyalty_site.web_worker.PatientWorker"
# Files are sent like all else that a slow client may take its time for.
sendfile = False
workers = settings.WEB_PROCESSES
threads = settings.WEB_THREADS
timeout = 60
graceful_timeout = 20
keepalive = 15
# A heartbeat file on a disk that stalls would look like a hung worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
control_socket_disable = True
logconfig_dict = settings.LOGGING


def post_worker_init(worker: object) -> None:
    """gunicorn calls it in each process when that has loaded us, before the first request."""
    limit_waits()
