"""A real HTTP server that notes what it is asked and answers what a test wants."""

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from .. import free_ports

LIMIT_S = 10


class Request(NamedTuple):
    """What has come; ``query`` has its fields decoded."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class HttpServer:
    """Answers ``200`` and ``answer`` unless ``respond`` gives ``(status, body)`` for a request.

    While ``stalled`` is set, requests are noted and not answered. It can be started again on its
    port. With a ``context`` it speaks TLS.
    """

    def __init__(self, answer=b"", context=None):
        self.port = free_ports.free_port()
        self.url = f"http{'s' * (context is not None)}://127.0.0.1:{self.port}"
        self._context = context
        self.requests = []
        self.most_at_once = 0
        self.respond = lambda _request: (200, answer)
        self._at_once = 0
        self._lock = threading.Lock()
        self._go_on = threading.Event()
        self._go_on.set()
        self._server = None
        self._connections = set()

    def start(self):
        """Answer from now on."""
        it = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                it._connections.add(self.connection)

            def do_GET(self):
                it._handle(self)

            do_POST = do_GET  # noqa: N815  # likewise

            def log_message(self, *_):
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                """A client that went away is what some tests are about."""

        self._server = Server(("127.0.0.1", self.port), Handler)
        if self._context is not None:
            self._server.socket = self._context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stall(self):
        """Answer nothing more."""
        self._go_on.clear()

    def go_on(self):
        """Answer what waits, and what comes."""
        self._go_on.set()

    def stop(self):
        """Refuse connections; harmless when it does."""
        self._go_on.set()
        if self._server is not None:
            self._server.shutdown()
            for connection in list(self._connections):  # one may just come
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._server.server_close()
            self._server = None

    def _handle(self, handler):
        parts = urlsplit(handler.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        request = Request(handler.command, parts.path, query, dict(handler.headers), body)
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.requests.append(request)
        self._go_on.wait(LIMIT_S)
        with self._lock:
            self._at_once -= 1
        status, answer = self.respond(request)
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)


@contextlib.contextmanager
def http_servers(context=None):
    """The function that makes a server with its usual answer, by default one that is started."""
    made = []

    def make(answer=b"", *, started=True):
        made.append(HttpServer(answer, context))
        if started:
            made[-1].start()
        return made[-1]

    try:
        yield make
    finally:
        for each in made:
            each.stop()
