"""Who answers what leaves? Servers on 127.0.0.1 that behave as a test says, and certificates for them."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone


class Peer:
    """What a server was asked: `requests` are the bytes of each, `connections` how many; `behave` may be replaced."""

    def __init__(self, port, behave):
        self.port, self.behave, self.requests, self.connections = port, behave, [], 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"


@contextmanager
def peer(behave, *, tls=None, greeting=b""):
    """Serves `behave(connection, number)` for each request, `number` from 1; it hangs up when that returns False.

    `greeting` is what it says before it was asked anything.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    asked = Peer(listener.getsockname()[1], behave)

    def serve(connection):
        with suppress(OSError, ssl.SSLError):
            if tls:
                connection = tls.wrap_socket(connection, server_side=True)
            with connection:
                connection.sendall(greeting)
                while request := _read(connection):
                    asked.requests.append(request)
                    if asked.behave(connection, len(asked.requests)) is False:
                        return

    def listen():
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                asked.connections += 1
                threading.Thread(target=serve, args=[connection], daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield asked
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _read(connection):
    """One request with a body of its announced length, b"" at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        part = connection.recv(65536)
        if not part:
            break
        body += part
    return head + b"\r\n\r\n" + body


def answering(status="200 OK", body=b"ok", **headers):
    """A behaviour: the same answer each time, on a connection that stays open."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    answer = "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def behave(connection, number):
        connection.sendall(answer)

    return behave


def certificate(folder, *names):
    """A self-signed certificate for these names and addresses: (file, what a server needs to serve with it)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = timezone.now()
    alternatives = [_alternative(name) for name in names]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "certificate.pem"
    secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *secret))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file, folder / "key.pem")
    return file, tls


def _alternative(name):
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
