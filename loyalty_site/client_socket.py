"""How does a thread of the web server write to a client without waiting for it? What does not go out at once is kept.

A thread reads nothing from here: the request was whole before the thread began (see arriving.py). The loop of the
worker sends on what is kept as the client takes it (see web_worker.py).
"""

import select
import socket
import time

#: Bytes that are kept for one client. Whoever writes more, such as a long download, waits for the client to go on.
MOST_UNSENT = 8_000_000
_PIECE = 65_536


class ClientSocket:
    """What gunicorn takes for the socket of its client."""

    def __init__(self, connected: socket.socket, patience_s: float) -> None:
        """`patience_s`: so many seconds a long download waits for a client that takes nothing."""
        connected.setblocking(False)
        self._socket, self._patience_s = connected, patience_s
        self.unsent = bytearray()

    def receive(self) -> bytes:
        """What has come; nothing at the end. Raises BlockingIOError where nothing has come yet."""
        return self._socket.recv(_PIECE)

    def flush(self) -> None:
        """Send on what the client takes now."""
        while self.unsent and (sent := self._send(memoryview(self.unsent)[:_PIECE])):
            del self.unsent[:sent]

    def _send(self, data: memoryview) -> int:
        with data:
            try:
                return self._socket.send(data)
            except BlockingIOError:
                return 0

    def sendall(self, data: bytes) -> None:
        """Send or keep `data`. Raises TimeoutError where too much is kept and the client takes nothing."""
        if not self.unsent:
            data = data[self._send(memoryview(data)) :]
        if data:
            self.unsent += data
        while len(self.unsent) > MOST_UNSENT:
            before, deadline = len(self.unsent), time.monotonic() + self._patience_s
            while len(self.unsent) == before:
                if time.monotonic() > deadline:
                    raise TimeoutError("the client does not take its answer")
                select_writable(self._socket, 1)
                self.flush()

    def send(self, data: bytes) -> int:
        self.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        """Nothing: whatever is there of the request has been handed over."""
        return b""

    def fileno(self) -> int:
        return self._socket.fileno()

    def shutdown(self, how: int) -> None:
        self._socket.shutdown(how)

    def close(self) -> None:
        self._socket.close()

    def setblocking(self, is_blocking: bool) -> None:
        """It never blocks, whatever gunicorn wishes."""

    def settimeout(self, seconds: float | None) -> None:
        """As `setblocking`."""

    def gettimeout(self) -> float | None:
        return None


def select_writable(connected: socket.socket, seconds: float) -> None:
    """Sleep until the client takes something, at most so long."""
    poll = select.poll()  # unlike select.select, for any number of open files
    poll.register(connected, select.POLLOUT)
    poll.poll(seconds * 1000)
