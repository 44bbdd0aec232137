"""How do many mails leave? By Django's backend, whichever that is, over few connections that are kept meanwhile.

Greeting a server takes longer than a mail. What its answers mean is read by the channel (partners/channels/email.py).
"""

import threading
import time
from contextlib import suppress

from django.core.mail.backends.base import BaseEmailBackend

from loyalty_site.lib.mail import Mail, made, opened

#: So many at a time: what providers allow without being asked.
MOST_CONNECTIONS = 4
#: A connection that lay idle for so long is made anew: its server may have closed it meanwhile, in seconds.
IDLE_S = 4.0


class Mails:
    """The connections to the mail server, which threads share. To be closed by whoever made it."""

    def __init__(self) -> None:
        self._places = threading.Semaphore(MOST_CONNECTIONS)
        #: Connections that nobody uses at the moment, and since when.
        self._free: list[tuple[BaseEmailBackend, float]] = []

    def send(self, mail: Mail) -> None:
        """Hand one mail to the server. Raises NothingSent where there is none, else what the backend raises."""
        message = made(mail)
        # Writes the headers, and refuses what cannot be one, before anything is sent.
        message.message()
        with self._places:
            backend = self._open()
            try:
                backend.send_messages([message])
            except Exception:
                _close(backend)
                raise
            self._free.append((backend, time.monotonic()))

    def close(self) -> None:
        while self._free:
            _close(self._free.pop()[0])

    def _open(self) -> BaseEmailBackend:
        while self._free:
            backend, since = self._free.pop()
            if time.monotonic() - since <= IDLE_S:
                return backend
            _close(backend)
        return opened()


def _close(backend: BaseEmailBackend) -> None:
    with suppress(Exception):
        backend.close()
