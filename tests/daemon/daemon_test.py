#!/usr/bin/env python3
"""pcgd, a served MAAS and a served Palette as three processes on loopback.

daemon_test.py PCGSIM PCGD CLAIM, where CLAIM is one of CLAIMS below. The served
worlds run at a multiple of real time; pcgd's clock is made to run at the same
pace by libfaketime.
"""
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

SPEED = int(os.environ.get('DAEMON_TEST_SPEED', '60'))
LIBFAKETIME = next((p for p in (
    '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
    '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1')
    if os.path.exists(p)), None)


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class World:
    """The two served fakes and one pcgd, each with its output in a file."""

    def __init__(self, pcgsim, pcgd, room):
        self.pcgsim, self.pcgd, self.room = pcgsim, pcgd, pathlib.Path(room)
        self.processes = []
        self.started = time.time()
        self.palette_port, self.maas_port = free_port(), free_port()
        dns_port = free_port(socket.SOCK_DGRAM)
        self.serve('palette', '--port', self.palette_port,
                   '--ca-file', self.room / 'ca.pem',
                   '--journal', self.room / 'palette.journal')
        self.serve('maas', '--port', self.maas_port, '--dns-port', dns_port,
                   '--machines', 5, '--journal', self.room / 'maas.journal')
        self.palette = self.credentials('palette')
        self.maas = self.credentials('maas')
        self.tls = ssl.create_default_context(cafile=self.room / 'ca.pem')

    def start(self, name, command, **more):
        out = open(self.room / f'{name}.log', 'ab')
        process = subprocess.Popen([str(c) for c in command], stdout=out,
                                   stderr=out, **more)
        self.processes.append((name, process))
        return process

    def serve(self, kind, *options):
        self.start(kind, [self.pcgsim, 'serve', kind, '--speed', SPEED,
                          '--credentials', self.room / f'{kind}.json',
                          *options])

    def credentials(self, kind):
        path = self.room / f'{kind}.json'
        wait(f'{kind} serves', lambda: path.exists() and path.stat().st_size,
             10)
        time.sleep(0.1)
        return json.loads(path.read_text())

    def world_time(self):
        return self.started + (time.time() - self.started) * SPEED

    def install(self):
        (self.room / 'code').write_text(
            self.api('GET', '/v1/overlords/pairing/code?cloudType=maas')
            ['pairingCode'])
        (self.room / 'key').write_text(self.maas['apiKey'])
        done = subprocess.run(
            [self.pcgd, 'install', '--name', 'pcg-a',
             '--palette', self.palette['url'],
             '--palette-ca', str(self.room / 'ca.pem'),
             '--pairing-code-file', str(self.room / 'code'),
             '--maas', self.maas['url'],
             '--maas-key-file', str(self.room / 'key'),
             '--resolver', self.maas['resolver'],
             '--out', str(self.room / 'pcg')],
            capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        self.config = done.stdout.strip()
        text = pathlib.Path(self.config).read_text()
        assert self.maas['apiKey'] not in text, 'the key stands in pcg.yaml'

    def run_pcgd(self, offset=0):
        """A clock that runs SPEED times faster, `offset` seconds off."""
        ahead = self.world_time() + offset - time.time()
        # A sanitized pcgd would refuse to start behind another library.
        asan = os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'
        env = dict(os.environ, LD_PRELOAD=LIBFAKETIME, TZ='UTC',
                   FAKETIME=f'{ahead:+.0f} x{SPEED}',
                   ASAN_OPTIONS=asan.lstrip(':'))
        return self.start('pcgd', [self.pcgd, '--config', self.config],
                          env=env)

    def api(self, method, path, body=None):
        request = urllib.request.Request(
            self.palette['url'] + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={'ApiKey': self.palette['apiKey'],
                     'ProjectUid': self.palette['projectUid'],
                     'Content-Type': 'application/json'})
        with urllib.request.urlopen(request, context=self.tls,
                                    timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def machines(self):
        """status_name of each machine, by the metadata of MAAS's own API."""
        c, t, s = self.maas['apiKey'].split(':')
        header = ('OAuth oauth_version="1.0", '
                  'oauth_signature_method="PLAINTEXT", '
                  f'oauth_consumer_key="{c}", oauth_token="{t}", '
                  f'oauth_signature="%26{s}", '
                  f'oauth_nonce="{time.time_ns()}", '
                  f'oauth_timestamp="{int(self.world_time())}"')
        request = urllib.request.Request(
            self.maas['url'] + '/api/2.0/machines/',
            headers={'Authorization': header})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return [m['status_name'] for m in json.loads(answer.read())]

    def gateway(self):
        items = self.api('GET', '/v1/overlords')['items']
        return items[0] if items else None

    def cluster_state(self, uid):
        try:
            return self.api('GET', f'/v1/spectroclusters/{uid}')['status'][
                'state']
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return 'Deleted'
            raise

    def create_cluster(self):
        accounts = self.api('GET', '/v1/cloudaccounts/maas')['items']
        pool = {'azs': ['default'], 'resourcePool': '', 'tags': [],
                'instanceType': {'minCPU': 2, 'minMemInMB': 4096}}
        return self.api('POST', '/v1/spectroclusters/maas', {
            'metadata': {'name': 'web', 'labels': {}, 'annotations': {}},
            'spec': {
                'cloudAccountUid': accounts[0]['metadata']['uid'],
                'cloudType': 'maas', 'clusterType': 'PureManage',
                'cloudConfig': {'domain': 'maas'},
                'machinepoolconfig': [
                    {'cloudConfig': pool, 'poolConfig': {
                        'name': 'cp', 'size': 1, 'isControlPlane': True,
                        'labels': ['control-plane']}},
                    {'cloudConfig': pool, 'poolConfig': {
                        'name': 'workers', 'size': 1,
                        'isControlPlane': False, 'labels': ['worker']}}],
                'profiles': []}})['uid']

    def log(self, name):
        path = self.room / f'{name}.log'
        return path.read_text() if path.exists() else ''

    def stop(self):
        for _, process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for name, process in reversed(self.processes):
            try:
                status = process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                raise AssertionError(f'{name} does not stop on SIGTERM')
            assert status == 0, f'{name} ended with {status}:\n' \
                + self.log(name)[-3000:]


def wait(what, holds, seconds):
    until = time.time() + seconds
    while time.time() < until:
        if holds():
            return
        time.sleep(0.2)
    raise AssertionError(f'not within {seconds} s: {what}')


def a_cluster_is_created_pivoted_and_deleted(world):
    world.install()
    world.run_pcgd()
    wait('the gateway runs', lambda: (world.gateway() or {}).get(
        'status', {}).get('state') == 'Running', 30)
    wait('its account is there',
         lambda: world.api('GET', '/v1/cloudaccounts/maas')['items'], 30)
    uid = world.create_cluster()
    wait('the cluster runs',
         lambda: world.cluster_state(uid) == "Running", int(os.environ.get("LIMIT","150")))
    assert world.machines().count('Deployed') == 2, world.machines()
    world.api('DELETE', f'/v1/spectroclusters/{uid}')
    wait('the cluster is deleted',
         lambda: world.cluster_state(uid) == 'Deleted', 120)
    assert set(world.machines()) == {'Ready'}, world.machines()


def a_clock_two_hours_off_is_said_and_comes_right(world):
    world.install()
    wrong = world.run_pcgd(offset=2 * 3600)
    wait('pcgd says that its clock is off',
         lambda: 'clock-off' in world.log('pcgd'), 30)
    before = requests_of(world)
    time.sleep(5)
    polls = requests_of(world) - before
    most = 5 * SPEED / 10 + 5
    assert polls <= most, f'{polls} requests in 5 s: it loops'
    # An administrator sets the clock and starts the daemon again: the same
    # state directory, the same gateway.
    wrong.send_signal(signal.SIGTERM)
    wrong.wait(10)
    world.run_pcgd()
    wait('pcgd is well again',
         lambda: 'linked: linked' in world.log('pcgd').rsplit(
             'clock-off', 1)[1], 40)


def requests_of(world):
    journal = (world.room / 'palette.journal').read_text()
    return journal.count('/poll')


CLAIMS = {f.__name__: f for f in (
    a_cluster_is_created_pivoted_and_deleted,
    a_clock_two_hours_off_is_said_and_comes_right)}


def main():
    pcgsim, pcgd, claim = sys.argv[1:4]
    if not LIBFAKETIME:
        print('SKIP: libfaketime is not installed')
        sys.exit(77)
    with tempfile.TemporaryDirectory() as room:
        world = World(pcgsim, pcgd, room)
        try:
            CLAIMS[claim](world)
        except BaseException:
            if os.environ.get("KEEP"):
                subprocess.run(["cp", "-r", room, os.environ["KEEP"]])
            for name, process in world.processes:
                print(f'---- {name}, exit status {process.poll()}')
                print(world.log(name)[-4000:])
                process.kill()
            raise
        world.stop()
    print('held:', claim.replace('_', ' '))


main()
