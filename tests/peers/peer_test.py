#!/usr/bin/env python3
"""One foreign client, as its makers publish it, against a served MAAS.

peer_test.py PCGSIM PEER CACHE [OPTION...]

The options are more of `pcgsim serve maas`: --tls, --version 3.6. PEER names a program beside this one; CACHE is a directory of its own, into
which the client and what it needs are downloaded and where they stay. The
peer says "ok CLAIM" or "not ok CLAIM: why" line by line, and "done" at its
end; the test holds if it says "done" and never "not ok". It is skipped, with
a line that begins with "SKIP:", where its tools or its download are missing.
"""
import base64
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SPEED = 60
MACHINES = 6
PLAIN_PASSWORD = 'plain-password'


class Skip(Exception):
    """Something that the test needs is not here; why."""


class Broken(Exception):
    """The test does not hold; why."""


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else 'nothing was said'


# ---- clients in Go ----

def go_environment(cache):
    home = cache / 'go'
    return dict(os.environ, GOPATH=str(home), GOMODCACHE=str(home / 'mod'),
                GOCACHE=str(home / 'build'), GOTOOLCHAIN='local',
                GOWORK='off', CGO_ENABLED='0',
                GOFLAGS='-mod=readonly -modcacherw -buildvcs=false')


def go(arguments, env, seconds):
    try:
        done = subprocess.run(['go', *arguments], cwd=HERE, env=env,
                              capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return f'go {arguments[0]} took longer than {seconds} s'
    return None if done.returncode == 0 else done.stderr


def make_go_peer(peer, cache):
    if not shutil.which('go'):
        raise Skip('Go is not installed')
    env = go_environment(cache)
    version = subprocess.run(['go', 'env', 'GOVERSION'], env=env,
                             capture_output=True, text=True).stdout.strip()
    wanted = re.search(r'^go (\d+)\.(\d+)', (HERE / 'go.mod').read_text(),
                       re.MULTILINE).groups()
    found = re.match(r'go(\d+)\.(\d+)', version)
    if not found or tuple(map(int, found.groups())) < tuple(map(int, wanted)):
        raise Skip(f'{version} is older than the Go of go.mod')
    trouble = go(['mod', 'download'], env, 300)
    if trouble and re.search('SECURITY ERROR|checksum mismatch', trouble):
        raise Broken('a module is not what go.sum says: ' + trouble)
    if trouble:
        raise Skip('the Go modules are not to be had: ' + last_line(trouble))
    program = cache / 'bin' / peer
    trouble = go(['build', '-o', str(program), './' + peer], env, 400)
    if trouble:
        raise Broken('the program does not compile:\n' + trouble)
    return [program]


# ---- clients in Python ----

def make_python_peer(peer, cache):
    wanted = HERE / peer / 'requirements.txt'
    venv = cache / (peer + '-venv')
    python = venv / 'bin' / 'python'
    stamp = venv / 'made-for'
    digest = hashlib.sha256(wanted.read_bytes()
                            + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        shutil.rmtree(venv, ignore_errors=True)
        run_or_skip([sys.executable, '-m', 'venv', venv],
                    'a virtual environment cannot be made', 120)
        run_or_skip([python, '-m', 'pip', 'install', '--no-input',
                     '--disable-pip-version-check', '--cache-dir',
                     cache / 'pip', '-r', wanted],
                    'PyPI does not give what requirements.txt lists', 400)
        stamp.write_text(digest)
    return [python, HERE / peer / 'peer.py']


def run_or_skip(command, complaint, seconds):
    try:
        done = subprocess.run([str(part) for part in command],
                              capture_output=True, text=True, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Skip(f'{complaint}: {error}') from error
    if done.returncode:
        raise Skip(f'{complaint}: '
                   + last_line(done.stderr or done.stdout))


@contextlib.contextmanager
def alone(cache, maker):
    """Tests run side by side; one at a time downloads and builds, and what is
    there already is not built by the next."""
    with open(cache / f'{maker.__name__}.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


PEERS = {'gomaasapi': make_go_peer, 'gomaasclient': make_go_peer,
         'maasclientgo': make_go_peer, 'libmaas': make_python_peer}


# ---- the served MAAS ----

class Served:
    """`pcgsim serve maas` on a free port, and what a client must know."""

    def __init__(self, pcgsim, room, options):
        self.room = pathlib.Path(room)
        self.ca = self.room / 'ca.pem'
        self.version = dict(zip(options, options[1:])).get(
            '--version', '3.4')
        self.log = self.room / 'serve.log'
        self.journal = self.room / 'journal'
        credentials = self.room / 'credentials.json'
        with open(self.log, 'wb') as log:
            self.process = subprocess.Popen(
                [pcgsim, 'serve', 'maas', '--port', '0',
                 '--speed', str(SPEED), '--machines', str(MACHINES),
                 '--credentials', str(credentials),
                 '--journal', str(self.journal),
                 *options, *(['--ca-file', str(self.ca)]
                             if '--tls' in options else [])],
                stdout=log, stderr=subprocess.STDOUT)
        end = time.monotonic() + 20
        while not (credentials.exists() and credentials.stat().st_size):
            if self.process.poll() is not None:
                raise Broken('serve ended: ' + self.log.read_text())
            if time.monotonic() > end:
                raise Broken('serve does not begin to serve')
            time.sleep(0.05)
        time.sleep(0.1)
        self.facts = json.loads(credentials.read_text())
        self.tls = ssl.create_default_context(cafile=self.ca) \
            if '--tls' in options else None

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            raise Broken('serve does not stop on SIGTERM') from error
        if status:
            raise Broken(f'serve ended with {status}:\n'
                         + self.log.read_text()[-4000:])

    def notes(self):
        """What the clients asked for and this MAAS does not model."""
        if not self.journal.exists():
            return []
        found = [json.loads(line) for line in self.journal.read_text()
                 .splitlines() if '"note"' in line]
        return sorted({event.get('text', '') for event in found})


def post(served, path, form, authorization=None):
    request = urllib.request.Request(
        served.facts['url'] + path, urllib.parse.urlencode(form).encode())
    if authorization:
        request.add_header('Authorization', authorization)
    with urllib.request.urlopen(request, timeout=30,
                                context=served.tls) as answer:
        return json.loads(answer.read())


def add_plain_user(served):
    """A second user, who is not an administrator; the key of that user."""
    consumer, token, secret = served.facts['apiKey'].split(':')
    nonce = base64.b32encode(os.urandom(10)).decode()
    post(served, '/api/2.0/users/',
         {'username': 'plain', 'email': 'plain@example.com',
          'password': PLAIN_PASSWORD, 'is_superuser': '0'},
         'OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", '
         f'oauth_consumer_key="{consumer}", oauth_token="{token}", '
         f'oauth_signature="%26{secret}", oauth_nonce="{nonce}", '
         f'oauth_timestamp="{int(time.time())}"')
    made = post(served, '/accounts/authenticate/',
                {'username': 'plain', 'password': PLAIN_PASSWORD})
    return ':'.join(made[part] for part in
                    ('consumer_key', 'token_key', 'token_secret'))


# ---- the verdict ----

def run(command, served):
    facts = dict(served.facts, machines=MACHINES,
                 version=served.version,
                 plainPassword=PLAIN_PASSWORD,
                 plainKey=add_plain_user(served))
    path = served.room / 'facts.json'
    path.touch(mode=0o600)
    path.write_text(json.dumps(facts))
    env = dict(os.environ, HOME=str(served.room), PYTHONWARNINGS='ignore')
    if served.tls:
        env['SSL_CERT_FILE'] = str(served.ca)
    try:
        done = subprocess.run([str(part) for part in command] + [str(path)],
                              env=env, capture_output=True, text=True,
                              timeout=300)
    except subprocess.TimeoutExpired as error:
        print((error.stdout or b'').decode())
        raise Broken('the peer is not done after 300 s') from error
    print(done.stdout, end='')
    print(done.stderr, end='')
    lines = done.stdout.splitlines()
    held = [line for line in lines if line.startswith('ok ')]
    broken = [line for line in lines if line.startswith('not ok ')]
    if broken or not lines or lines[-1] != 'done' or done.returncode:
        raise Broken(f'{len(held)} claims held and {len(broken)} did not; '
                     f'exit status {done.returncode}')
    print(f'{len(held)} claims held')


def test(pcgsim, peer, cache, options):
    maker = PEERS[peer]
    with alone(cache, maker):
        command = maker(peer, cache)
    with tempfile.TemporaryDirectory() as room:
        served = Served(pcgsim, room, options)
        try:
            run(command, served)
        except BaseException:
            for note in served.notes():
                print('note:', note)
            print(served.log.read_text()[-4000:], end='')
            served.process.kill()
            raise
        served.stop()


def main():
    pcgsim, peer, cache = sys.argv[1:4]
    cache = pathlib.Path(cache)
    cache.mkdir(parents=True, exist_ok=True)
    try:
        test(pcgsim, peer, cache, sys.argv[4:])
    except Skip as why:
        print(f'SKIP: {why}')
        sys.exit(77)
    except Broken as why:
        print(f'FAIL: {why}')
        sys.exit(1)


main()
