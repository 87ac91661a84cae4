"""What tests in Python need of a served fake: free ports, a start that is
known to have come, a stop that must be clean."""
import json
import pathlib
import signal
import socket
import subprocess
import time


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
        self.kind, self.port = kind, free_port()
        self.log = self.room / f'serve-{kind}.log'
        self.credentials = self.room / f'{kind}.json'
        with open(self.log, 'wb') as log:
            self.process = subprocess.Popen(
                [str(w) for w in (pcgsim, 'serve', kind, '--port', self.port,
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
