"""A proxy that stands before a served MAAS and alters its answers: what a
server that differs looks like. For tests only."""
import http.client
import http.server
import json
import threading


class Answer:
    """What came from the server; a plant changes it in place."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @json.setter
    def json(self, value):
        self.body = json.dumps(value).encode()

    def header(self, name, value):
        """None takes it away."""
        self.headers = [(k, v) for k, v in self.headers
                        if k.lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))


class Forger:
    """.plant is called with (method, path below the API, answer); .before,
    if set, with (method, path, form) and may answer instead by returning an
    Answer. .seen lists what went through."""

    def __init__(self, port):
        self.target, self.plant, self.before, self.seen = port, None, None, []
        forger = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            # Head and body are two writes; the second does not wait for an
            # acknowledgement of the first, which may take 40 ms.
            disable_nagle_algorithm = True

            def log_message(self, *words):
                pass

            def handle_any(self):
                forger.forward(self)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any
            do_HEAD = do_OPTIONS = do_PATCH = handle_any

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0),
                                                      Handler)
        self.server.daemon_threads = True
        self.url = f'http://127.0.0.1:{self.server.server_port}/MAAS'
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.server.shutdown()
        self.server.server_close()

    def forward(self, asked):
        length = int(asked.headers.get('Content-Length') or 0)
        form = asked.rfile.read(length) if length else b''
        path = asked.path.removeprefix('/MAAS/api/2.0/')
        self.seen.append((asked.command, path))
        answer = self.before and self.before(asked.command, path, form)
        if not answer:
            answer = self.ask(asked, form)
            if self.plant:
                self.plant(asked.command, path, answer)
        try:
            self.send(asked, answer)
        except ConnectionError:
            asked.close_connection = True  # whoever asked is gone

    def ask(self, asked, form):
        there = http.client.HTTPConnection('127.0.0.1', self.target,
                                           timeout=60)
        there.putrequest(asked.command, asked.path, skip_host=True,
                         skip_accept_encoding=True)
        for name, value in asked.headers.items():
            if name.lower() not in ('connection', 'content-length'):
                there.putheader(name, value)
        if form or asked.command in ('POST', 'PUT'):
            there.putheader('Content-Length', str(len(form)))
        there.putheader('Connection', 'close')
        there.endheaders(form)
        came = there.getresponse()
        answer = Answer(came.status, [
            (k, v) for k, v in came.getheaders()
            if k.lower() not in ('connection', 'content-length', 'date',
                                 'transfer-encoding')], came.read())
        there.close()
        return answer

    @staticmethod
    def send(asked, answer):
        asked.send_response_only(answer.status)
        for name, value in answer.headers:
            asked.send_header(name, value)
        bodyless = asked.command == 'HEAD' or answer.status == 204
        if not bodyless:
            asked.send_header('Content-Length', str(len(answer.body)))
        asked.end_headers()
        if not bodyless:
            asked.wfile.write(answer.body)
