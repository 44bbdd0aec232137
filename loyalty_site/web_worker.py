"""How does a web process serve clients that are slow? Its threads never wait for a client.

gunicorn's worker with threads, of which each would otherwise be held by one client that stalls in its headers, in its
body, or in taking its answer. Here the loop of the worker collects a request until it is whole, a thread answers it
from memory, and the loop sends the answer as the client takes it. What takes too long is ended.
"""

import errno
import selectors
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.conf import settings
from gunicorn.workers.gthread import TConn, ThreadWorker

from loyalty_site import web_errors
from loyalty_site.arriving import Arriving
from loyalty_site.client_socket import ClientSocket
from loyalty_site.lib.bodies import largest_body

#: Bytes of requests and answers that one process holds for clients that are slow; the oldest are given up for newer.
MOST_HELD = 128_000_000
#: Bytes of one client that need no counting.
FEW_HELD = 65_536

#: After its last answer a client has so many seconds to close; closed on at once, it might never read it.
LINGER_S = 2
#: So many seconds longer than an idle client has who is in the middle of a request when the worker stops.
STOP_S = 3
#: How often the loop looks for clients that are late.
LOOK_S = 0.5
#: What a thread says of a request of which more has to come.
NOT_WHOLE = object()
#: Probes are answered by a thread of their own, whatever all others wait for.
PROBES = (b"GET /health/live ", b"GET /health/ready")


class Client(TConn):  # type: ignore[misc]  # gunicorn has no types.
    """A connection, with what has come of its request and what is to be sent of its answer.

    `since` is when the loop began to wait for what it waits for: a request, its rest, or that the answer is taken.
    """

    def __init__(self, cfg: Any, connected: socket.socket, address: Any, server: Any) -> None:
        super().__init__(cfg, ClientSocket(connected, settings.WEB_ANSWER_TIMEOUT), address, server)
        self.arriving = Arriving(largest_body())
        self.since = self.deadline = time.monotonic()
        self.is_kept = self.is_reading = self.was_permitted = False
        self.init()

    @property
    def held(self) -> int:
        """Bytes."""
        return len(self.arriving.raw) + len(self.sock.unsent)

    def collect(self) -> bool:
        """Take what has come by now; whether the request is whole. Raises OSError where the connection is broken."""
        if not self.arriving.raw and self.is_kept:
            self.since = time.monotonic()
        try:
            self.arriving.add(self.sock.receive())
        except BlockingIOError:
            return False
        return self.arriving.is_whole()


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # As above.
    """`watched` are the clients that the loop waits for; all others are in a thread's hands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.watched: dict[Client, None] = {}
        self._looks_at = 0.0
        self._in_threads = 0
        self._probes: dict[bytes, ThreadPoolExecutor] = {}

    def init_process(self) -> None:
        self._probes = {probe: ThreadPoolExecutor(1) for probe in PROBES}
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        try:
            connected, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                # The loop would come here at once again, for ever.
                self._give_up_oldest()
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._give_up_oldest()
        self._wait(Client(self.cfg, connected, address, listener.getsockname()))

    # Reading

    def _wait(self, client: Client) -> None:
        """Wait for a request, or for the rest of one."""
        if client.arriving.has_head:
            seconds = settings.WEB_BODY_TIMEOUT
            self._permit(client)
        elif client.arriving.raw or not client.is_kept:
            seconds = settings.WEB_HEADERS_TIMEOUT
        else:
            seconds = self.cfg.keepalive
        client.is_reading = True
        self._watch(client, selectors.EVENT_READ, self._on_readable, client.since + seconds)

    def _on_readable(self, client: Client) -> None:
        self._unwatch(client)
        if self._in_threads < self.cfg.threads:
            # A thread is free, and reads what has come: the loop, which all clients share, does little.
            self._submit(self.tpool, client)
            return
        try:
            client.collect()
        except OSError:
            self._drop(client)
            return
        self._go_on(client)

    def _go_on(self, client: Client) -> None:
        """Have the request answered if it is whole; otherwise wait for the rest."""
        if client.arriving.is_whole():
            probe = bytes(client.arriving.raw[: len(PROBES[0])])
            pool: ThreadPoolExecutor = self.tpool
            self._submit(self._probes.get(probe, pool), client)
        elif client.arriving.has_ended:
            self._drop(client)
        else:
            self._wait(client)

    def _permit(self, client: Client) -> None:
        """Some clients send the body only when they are told to."""
        if client.arriving.wants_permission and not client.was_permitted:
            client.was_permitted = True
            client.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _submit(self, pool: ThreadPoolExecutor, client: Client) -> None:
        self._in_threads += pool is self.tpool
        future = pool.submit(self.handle, client)
        future.add_done_callback(lambda done: self.method_queue.defer(self._return, pool, client, done))

    def _return(self, pool: ThreadPoolExecutor, client: Client, done: Future[Any]) -> None:
        self._in_threads -= pool is self.tpool
        try:
            self.finish_request(client, done)
        except Exception:
            self.log.exception("a connection failed")
            self._drop(client)

    # In a thread

    def handle(self, conn: Client) -> Any:
        """Whether the connection may take another request; NOT_WHOLE where this one has not come yet."""
        try:
            if not conn.arriving.is_whole() and not conn.collect():
                return NOT_WHOLE
        except OSError:
            return False
        conn.parser.unreader.unread(conn.arriving.take())
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Client) -> Any:
        # The body is here, or is refused for its length.
        req._expected_100_continue = False
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: Client, keepalive: bool) -> bool:
        """Whether the connection takes another request. What nobody read of the body is in memory: no wait."""
        return bool(keepalive) and bool(conn.parser.finish_body())

    # Writing

    def finish_request(self, conn: Client, fs: Future[Any]) -> None:
        """gunicorn's name for: the thread has done its part. Runs in the loop."""
        failed = fs.cancelled() or fs.exception() is not None
        result = False if failed else fs.result()
        if result is NOT_WHOLE:
            self._go_on(conn)
            return
        conn.is_kept = bool(result) and not conn.arriving.is_last
        conn.since = time.monotonic()
        self._write_on(conn)

    def _write_on(self, client: Client) -> None:
        """Send what is left of the answer; then wait for the next request, or for the end."""
        try:
            client.sock.flush()
        except OSError:
            self._drop(client)
            return
        if client.sock.unsent:
            if client not in self.watched:
                until = client.since + settings.WEB_ANSWER_TIMEOUT
                self._watch(client, selectors.EVENT_WRITE, self._write_on, until)
            return
        self._unwatch(client)
        if client.is_kept:
            client.since, client.was_permitted = time.monotonic(), False
            self._go_on(client)
        else:
            self._linger(client)

    def _linger(self, client: Client) -> None:
        try:
            client.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(client)
            return
        self._watch(client, selectors.EVENT_READ, self._discard, time.monotonic() + LINGER_S)

    def _discard(self, client: Client) -> None:
        try:
            if client.sock.receive():
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._drop(client)

    # Watching

    def _watch(self, client: Client, event: int, call: Callable[[Client], None], deadline: float) -> None:
        client.deadline = deadline
        self.watched[client] = None
        self.poller.register(client.sock, event, lambda fileobj: call(client))
        # Those who hold little are not worth the sum.
        if client.held > FEW_HELD and sum(one.held for one in self.watched) > MOST_HELD:
            self._give_up_oldest(FEW_HELD)

    def _unwatch(self, client: Client) -> None:
        if client in self.watched:
            del self.watched[client]
            client.is_reading = False
            self.poller.unregister(client.sock)

    def _drop(self, client: Client) -> None:
        self._unwatch(client)
        if client.sock.fileno() >= 0:
            self.nr_conns -= 1
        client.sock.close()

    def murder_pending(self) -> None:
        """End whoever is late; the loop asks again and again."""
        now = time.monotonic()
        if now < self._looks_at:
            return
        self._looks_at = now + LOOK_S
        late = [client for client in self.watched if client.deadline <= now]
        for client in late:
            self._give_up(client)

    def _cap_keepalive(self, deadline: float) -> None:
        """The worker stops: who has begun no request has until `deadline`, who has begun one a little longer."""
        for client in self.watched:
            if client.is_reading:
                client.deadline = min(client.deadline, deadline + (STOP_S if client.arriving.raw else 0))

    def _give_up_oldest(self, more_than: int = -1) -> None:
        """Make room: of those who hold more than so many bytes, who has been waited for longest goes."""
        holding = [client for client in self.watched if client.held > more_than]
        if holding:
            self._give_up(min(holding, key=lambda client: client.since))

    def _give_up(self, client: Client) -> None:
        has_begun = client.is_reading and bool(client.arriving.raw)
        self._unwatch(client)
        if not has_begun or client.sock.unsent:
            self._drop(client)
            return
        try:
            client.sock.send(web_errors.too_slow(bytes(client.arriving.raw[:8192])))
        except OSError:
            self._drop(client)
            return
        client.arriving.take()
        client.is_kept = False
        self._linger(client)
