"""How do tests break the connection to PostgreSQL at COMMIT? Before the server has written, or after."""

import socket
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db import connection

#: Ends the connection that inserts into the table of journals, when it commits.
TRIGGER = """
CREATE FUNCTION end_this() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER end_this AFTER INSERT ON transactions_journal DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION end_this()
"""


@contextmanager
def broken_before_it_is_written():
    """Whoever commits journals inside loses the connection, and nothing is written."""
    with connection.cursor() as cursor:
        cursor.execute(TRIGGER)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER end_this ON transactions_journal; DROP FUNCTION end_this()")


class Proxy:
    """Stands before the server. Told to, it hands one COMMIT on, lets it be done, and loses the answer."""

    def __init__(self):
        options = connection.get_connection_params()
        host, port = options.get("host") or "", options.get("port") or 5432
        self.is_local = not host or host.startswith("/")
        self.target = str(Path(host or "/var/run/postgresql") / f".s.PGSQL.{port}") if self.is_local else (host, port)
        self.loses_next_answer = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX) if self.is_local else socket.socket()
            server.connect(self.target)
            lost = threading.Event()
            threading.Thread(target=self._send, args=(client, server, lost), daemon=True).start()
            threading.Thread(target=self._answer, args=(client, server, lost), daemon=True).start()

    def _send(self, client, server, lost):
        while piece := _received(client):
            if self.loses_next_answer and b"COMMIT" in piece:
                self.loses_next_answer = False
                lost.set()
            server.sendall(piece)
        server.close()

    def _answer(self, client, server, lost):
        while (piece := _received(server)) and not lost.is_set():
            client.sendall(piece)
        client.shutdown(socket.SHUT_RDWR)
        client.close()

    def close(self):
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def _received(line):
    try:
        return line.recv(65536)
    except OSError:
        return b""


@contextmanager
def through_a_proxy():
    """The connection of this test, and what it opens anew inside, goes through the Proxy that is yielded."""
    proxy, before = Proxy(), dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": proxy.port}
    options = connection.settings_dict["OPTIONS"]
    connection.settings_dict["OPTIONS"] = {name: options[name] for name in options if name not in ("host", "port")}
    try:
        yield proxy
    finally:
        connection.close()
        connection.settings_dict.update(before)
        proxy.close()
