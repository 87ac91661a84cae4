"""What tests in Python need of a served fake: a port of its own, a start that
is known to have come, a stop that must be clean."""
import http.client
import json
import pathlib
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait(what, holds, seconds):
    until = time.time() + seconds
    while time.time() < until:
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError(f'not within {seconds} s: {what}')


class Served:
    """`pcgsim serve KIND OPTION...`: .port, .facts (the credentials file),
    .out (what it said). Leaving it stops it with SIGTERM: within 2 s, with
    status 0."""

    def __init__(self, pcgsim, kind, room, *options):
        self.room = pathlib.Path(room)
        self.kind = kind
        self.log = self.room / f'serve-{kind}.log'
        self.credentials = self.room / f'{kind}.json'
        with open(self.log, 'wb') as log:
            self.process = subprocess.Popen(
                [str(w) for w in (pcgsim, 'serve', kind, '--port', 0,
                                  '--credentials', self.credentials,
                                  *options)], stdout=log, stderr=log)

    @property
    def out(self):
        return self.log.read_text()

    def __enter__(self):
        wait(f'{self.kind} serves', lambda: 'Ctrl-C stops' in self.out or
             self.process.poll() is not None, 20)
        if self.process.poll() is not None:
            raise AssertionError(f'{self.kind} ended: {self.out}')
        self.facts = json.loads(self.credentials.read_text())
        self.port = urllib.parse.urlparse(self.facts['url']).port
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            self.process.kill()
            self.process.wait()
            print(f'---- serve {self.kind}\n{self.out[-4000:]}')
            return
        self.stop()

    def stop(self):
        started = time.time()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f'serve {self.kind} does not stop') from None
        took = time.time() - started
        assert status == 0, f'serve {self.kind} ended with {status}: ' \
            + self.out[-4000:]
        assert took < 2, f'serve {self.kind} took {took:.1f} s to stop'


def header_of(key):
    consumer, token, secret = key.split(':')
    return ('OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", '
            f'oauth_consumer_key="{consumer}", oauth_token="{token}", '
            f'oauth_signature="%26{secret}", '
            f'oauth_nonce="{time.time_ns()}", '
            f'oauth_timestamp="{int(time.time())}"')


class Maas:
    """Calls a served MAAS, each time on a connection of its own."""

    def __init__(self, served):
        self.served = served
        self.url = urllib.parse.urlparse(served.facts['url'])
        self.tls = None
        if self.url.scheme == 'https':
            self.tls = ssl.create_default_context(
                cadata=served.facts['caPem'])

    def connect(self, timeout):
        if self.tls:
            return http.client.HTTPSConnection(
                self.url.hostname, self.url.port, timeout=timeout,
                context=self.tls)
        return http.client.HTTPConnection(
            self.url.hostname, self.url.port, timeout=timeout)

    def call(self, method, path, fields=None, timeout=5):
        """(status, headers, body), or what http.client raises."""
        connection = self.connect(timeout)
        try:
            connection.request(
                method, '/MAAS/api/2.0' + path,
                urllib.parse.urlencode(fields) if fields else None,
                {'Authorization': header_of(self.served.facts['apiKey']),
                 'Content-Type': 'application/x-www-form-urlencoded'})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()
