"""What does somebody see who looks again and again while others write?"""

import threading
from contextlib import contextmanager

from django.db import connection


@contextmanager
def watching(look):
    """Yields the list of what `look()` returns, asked over and over on a connection of its own until the block
    ends. What goes wrong there is in the list, too."""
    seen, is_over = [], threading.Event()

    def watch():
        try:
            while not is_over.is_set():
                seen.append(look())
        except Exception as error:
            seen.append(error)
        finally:
            connection.close()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        is_over.set()
        watcher.join(60)
