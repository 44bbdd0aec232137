"""Who receives what the demo sends? A small server of this machine in place of Twilio, Slack and another system.

It prints a line for each message that arrives, keeps the last ones, and shows them on its page.
"""

import json
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

HOST, PORT = "127.0.0.1", 8025
ADDRESS = f"http://{HOST}:{PORT}"
#: What comes to these paths is meant for ...
SLACK, WEBHOOK = "/slack/services/demo", "/events"
KEPT = 200
LARGEST_BODY = 1_000_000


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it arrived: over which `channel`, for whom, in which words."""

    at: datetime
    channel: str
    to: str
    words: str

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S}  {self.channel} to {self.to}: {self.words}"


@dataclass(slots=True)
class Letterbox:
    """What arrived, the newest last. `is_signed` says whether a webhook's headers sign its body."""

    is_signed: Callable[[dict[str, str], bytes], bool]
    kept: deque[Received] = field(default_factory=lambda: deque(maxlen=KEPT))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, channel: str, to: str, words: str) -> None:
        """Keep and print a message."""
        received = Received(datetime.now().astimezone(), channel, to, " ".join(words.split()))
        with self.lock:
            self.kept.append(received)
            # One write for each line, whoever else writes to the same screen.
            sys.stdout.write(f"{received}\n")
            sys.stdout.flush()

    def page(self) -> str:
        """The page of everything that is kept, the newest first."""
        with self.lock:
            rows = [
                f"<tr><td>{one.at:%H:%M:%S}</td><td>{escape(one.channel)}</td>"
                f"<td>{escape(one.to)}</td><td>{escape(one.words)}</td></tr>"
                for one in reversed(self.kept)
            ]
        body = "".join(rows) or "<tr><td colspan=4>Nothing yet. A purchase that lifts a member does it.</td></tr>"
        return _PAGE.format(rows=body)


def is_free() -> bool:
    """Whether nobody listens at its address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind((HOST, PORT))
            return True
    return False


class Server(ThreadingHTTPServer):
    """The server, with what arrived in `letterbox`."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], letterbox: Letterbox) -> None:
        self.letterbox = letterbox
        super().__init__(address, _Door)


def serve(is_signed: Callable[[dict[str, str], bytes], bool], *, host: str = HOST, port: int = PORT) -> Server:
    """A server that listens on this address from now on; the caller runs it. Raises OSError where it is taken."""
    return Server((host, port), Letterbox(is_signed))


class _Door(BaseHTTPRequestHandler):
    """One request: of Twilio's API, of Slack's, a webhook, or somebody who looks."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/":
            self._answer(200, "text/html; charset=utf-8", self.server.letterbox.page())
        elif path.startswith("/2010-04-01/Accounts/"):
            self._json(200, {"status": "active", "friendly_name": "Demo"})
        else:
            self._json(404, {"message": "There is nothing here."})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._json(413, {"message": "The body is too large, or of no stated length."})
            return
        body, path = self.rfile.read(int(length)), urlsplit(self.path).path
        try:
            self._take(path, body)
        except (ValueError, KeyError, AttributeError) as why:
            self._json(400, {"message": f"This cannot be read: {why}"})

    def _take(self, path: str, body: bytes) -> None:
        letterbox = self.server.letterbox
        if path.startswith("/2010-04-01/Accounts/") and path.endswith("/Messages.json"):
            said = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            letterbox.take("SMS", said["To"], said["Body"])
            self._json(201, {"sid": f"SM{len(letterbox.kept):032x}", "status": "queued"})
        elif path == SLACK:
            letterbox.take("Slack", json.loads(body).get("channel", "#loyalty"), json.loads(body)["text"])
            self._answer(200, "text/plain; charset=utf-8", "ok")
        elif path == WEBHOOK:
            self._webhook(body)
        else:
            self._json(404, {"message": "There is nothing here."})

    def _webhook(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not self.server.letterbox.is_signed(headers, body):
            self._json(401, {"message": "The signature is not right."})
            return
        event: dict[str, Any] = json.loads(body)
        about = event.get("data", {}).get("member", {}).get("number", event.get("program", ""))
        words = f"{event['type']} {event['id']}, signature right"
        self.server.letterbox.take("Webhook", f"another system, about {about}", words)
        self._json(200, {"taken": event["id"]})

    def _json(self, status: int, said: dict[str, str]) -> None:
        self._answer(status, "application/json", json.dumps(said))

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what arrives has its own line."""


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="3"><title>What the demo has sent</title>
<style>body{{font:16px system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}}
table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;vertical-align:top;padding:.4rem;
border-bottom:1px solid #ddd;overflow-wrap:anywhere}}</style></head><body><h1>What the demo has sent</h1>
<p>This page stands in for Twilio, Slack and another system. E-mails go to the console.</p>
<table><tr><th>At</th><th>Over</th><th>To</th><th>What</th></tr>{rows}</table></body></html>
"""
