"""How does gunicorn serve us? Its configuration, the same for `make run` and in production."""

import os

from loyalty_site import settings

host = f"[{settings.WEB_HOST}]" if ":" in settings.WEB_HOST else settings.WEB_HOST
bind = f"{host}:{settings.WEB_PORT}"
worker_class = "gthread"
workers = settings.WEB_PROCESSES
threads = settings.WEB_THREADS
timeout = 60
graceful_timeout = 20
keepalive = 15
# A heartbeat file on a disk that stalls would look like a hung worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
control_socket_disable = True
logconfig_dict = settings.LOGGING
