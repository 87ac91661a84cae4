#!/usr/bin/env python3
"""pcgd, a served MAAS and a served Palette as three processes on loopback.

daemon_test.py PCGSIM PCGD CLAIM, where CLAIM is one of CLAIMS below. The served
worlds run at a multiple of real time; pcgd's clock is made to run at the same
pace by libfaketime.
"""
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import stat
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
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
    """The two served fakes and one pcgd, each with its output in a file. The
    machines have addresses in `net` ("127.30"), so that several worlds can be
    there at a time: each has API servers on port 6443."""

    def __init__(self, pcgsim, pcgd, room, net):
        self.pcgsim, self.pcgd, self.room = pcgsim, pcgd, pathlib.Path(room)
        self.processes = []
        self.started = time.time()
        self.serve('palette', '--ca-file', self.room / 'ca.pem',
                   '--journal', self.room / 'palette.journal')
        self.serve('maas', '--dns-port', free_port(socket.SOCK_DGRAM),
                   '--subnet', f'{net}.0.0/16', '--gateway', f'{net}.0.1',
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
        self.start(kind, [self.pcgsim, 'serve', kind, '--port', 0,
                          '--speed', SPEED,
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


def start_cluster(world):
    """A gateway that runs, and a cluster that it has begun."""
    world.install()
    process = world.run_pcgd()
    wait('its account is there',
         lambda: world.gateway() and
         world.api('GET', '/v1/cloudaccounts/maas')['items'], 40)
    return process, world.create_cluster()


def delete_cluster(world, uid):
    world.api('DELETE', f'/v1/spectroclusters/{uid}')
    wait('the cluster is deleted',
         lambda: world.cluster_state(uid) == 'Deleted', 120)
    assert set(world.machines()) == {'Ready'}, world.machines()


def kill_and_start_again(world, process):
    process.kill()
    process.wait(5)
    world.processes = [p for p in world.processes if p[1] is not process]
    return world.run_pcgd()


def stop_in_time(world, process):
    """SIGTERM: it ends at once, with status 0, whatever is under way."""
    started = time.time()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0, world.log('pcgd')[-3000:]
    assert time.time() - started < 2, 'it took too long to stop'


def killed_and_stopped_under_way_it_loses_nothing(world):
    process, uid = start_cluster(world)
    wait('a machine is taken',
         lambda: set(world.machines()) & {'Allocated', 'Deploying'}, 60)
    process = kill_and_start_again(world, process)
    wait('a machine is installed',
         lambda: 'Deployed' in world.machines(), 120)
    process = kill_and_start_again(world, process)
    # The API server is up: the gateway watches its nodes over TLS.
    wait('the hand-over is near', lambda: re.search(
        r'create-\w+: (providers|pivot)', world.log('pcgd')), 120)
    stop_in_time(world, process)
    world.run_pcgd()
    wait('the cluster runs',
         lambda: world.cluster_state(uid) == 'Running', 150)
    assert world.machines().count('Deployed') == 2, world.machines()
    delete_cluster(world, uid)


def a_palette_that_is_not_the_one_is_said_and_tried_slowly(world):
    world.install()
    ca = pathlib.Path(world.config).parent / 'palette-ca.pem'
    right = ca.read_text()
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'ed25519', '-nodes', '-days',
         '3650', '-subj', '/CN=somebody else', '-keyout', '/dev/null',
         '-out', str(ca)], check=True, capture_output=True)
    wrong = world.run_pcgd()
    wait('pcgd says that it does not trust this Palette',
         lambda: 'unpaired: Palette cannot be reached' in world.log('pcgd'),
         20)
    time.sleep(4)
    said = world.log('pcgd').count('Palette cannot be reached')
    assert said <= 2, f'{said} times the same sentence'
    assert 'certificate' in world.log('pcgd'), world.log('pcgd')
    assert '/register' not in (world.room / 'palette.journal').read_text()
    stop_in_time(world, wrong)
    ca.write_text(right)
    world.run_pcgd()
    wait('pcgd is linked', lambda: 'linked: linked' in world.log('pcgd'), 30)


def with_a_wrong_maas_key(world):
    """install, but with a key that MAAS does not know."""
    right = world.maas['apiKey']
    world.maas['apiKey'] = ':'.join(p[::-1] for p in right.split(':'))
    world.install()
    world.maas['apiKey'] = right


def a_wrong_maas_key_is_told_in_palette_until_it_is_right(world):
    with_a_wrong_maas_key(world)
    world.run_pcgd()
    wait('its account is there',
         lambda: world.gateway() and
         world.api('GET', '/v1/cloudaccounts/maas')['items'], 40)
    gateway = world.gateway()['metadata']['uid']
    account = world.api('GET', '/v1/cloudaccounts/maas')['items'][0]
    path = f'/v1/overlords/maas/{gateway}/account/validate'
    body = {'account': {'apiEndpoint': world.maas['url'],
                        'apiKey': 'wrong:wrong-token:wrong-secret'}}
    try:
        world.api('POST', path, body)
        raise AssertionError('a wrong key was found to be good')
    except urllib.error.HTTPError as error:
        said = error.read().decode()
        assert error.code == 400 and 'Invalid API key' in said, said
    body['account']['apiKey'] = world.maas['apiKey']
    world.api('POST', path, body)
    uid = world.create_cluster()
    wait('the gateway says that MAAS refuses its key', lambda: re.search(
        r'create-\w+ waits: .*(401|key)', world.log('pcgd')), 60)
    assert set(world.machines()) == {'Ready'}, world.machines()
    world.api('PUT', f'/v1/cloudaccounts/maas/{account["metadata"]["uid"]}',
              {'metadata': {'name': account['metadata']['name']},
               'spec': {'apiEndpoint': world.maas['url'],
                        'apiKey': world.maas['apiKey']}})
    wait('a machine is taken with the right key',
         lambda: 'Ready' in world.machines() and
         set(world.machines()) != {'Ready'}, 60)
    delete_cluster(world, uid)


def forms(secret):
    """As it may stand in a text: plain, base64 wherever it begins in a group
    of three bytes, percent-encoded."""
    raw = secret.encode()
    yield secret
    yield urllib.parse.quote(secret, safe='')
    for shift in range(3):
        first = (8 * shift + 5) // 6
        last = 8 * (shift + len(raw)) // 6
        yield base64.b64encode(b'\0' * shift + raw).decode()[first:last]


def secrets_of(world, uid):
    """Everything that only those may know whom it was given to."""
    state = pathlib.Path(world.config).parent / 'state' / 'gateway.db'
    copy = world.room / 'copy.db'
    shutil.copy(state, copy)
    settings = [json.loads(row[0])['spec'] for row in sqlite3.connect(
        copy).execute("SELECT text FROM objects WHERE kind = 'Setting'")]
    copy.unlink()
    link = next(s for s in settings if 'token' in s)
    with urllib.request.urlopen(urllib.request.Request(
            world.palette['url'] +
            f'/v1/spectroclusters/{uid}/assets/kubeconfig',
            headers={'ApiKey': world.palette['apiKey'],
                     'ProjectUid': world.palette['projectUid']}),
            context=world.tls, timeout=30) as answer:
        kubeconfig = answer.read().decode()
    key = re.search(r'client-key-data: *"?([\w+/=]+)', kubeconfig).group(1)
    lines = base64.b64decode(key).decode().splitlines()
    return {'MAAS key': world.maas['apiKey'],
            'MAAS secret': world.maas['apiKey'].split(':')[2],
            'Palette key': world.palette['apiKey'],
            'pairing code': (world.room / 'code').read_text(),
            "gateway's key": link['key'], "gateway's token": link['token'],
            'client key': next(l for l in lines if len(l) > 30),
            'kubeconfig': key}


def is_open(path):
    return path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def no_secret_is_told_or_lies_open(world):
    _, uid = start_cluster(world)
    wait('the cluster runs',
         lambda: world.cluster_state(uid) == 'Running', 150)
    secrets = secrets_of(world, uid)
    given = {world.room / 'code', world.room / 'key'}  # made by this test
    printed = {'maas.log': world.maas['apiKey'],  # for whoever serves it
               'palette.log': world.palette['apiKey']}
    looked = 0
    for path in sorted(world.room.rglob('*')):
        if not path.is_file() or path in given:
            continue
        told = path.suffix in ('.log', '.journal', '.yaml')
        if not told and not is_open(path):
            continue
        looked += 1
        text = path.read_bytes().decode('latin-1').replace(
            printed.get(path.name, '\n'), '')
        for name, secret in secrets.items():
            for form in forms(secret):
                assert form not in text, f'the {name} stands in {path}'
    assert looked >= 6, f'only {looked} files'
    delete_cluster(world, uid)


def requests_of(world):
    journal = (world.room / 'palette.journal').read_text()
    return journal.count('/poll')


CLAIMS = {f.__name__: f for f in (
    a_cluster_is_created_pivoted_and_deleted,
    a_clock_two_hours_off_is_said_and_comes_right,
    killed_and_stopped_under_way_it_loses_nothing,
    a_palette_that_is_not_the_one_is_said_and_tried_slowly,
    a_wrong_maas_key_is_told_in_palette_until_it_is_right,
    no_secret_is_told_or_lies_open)}


def main():
    pcgsim, pcgd, claim = sys.argv[1:4]
    if not LIBFAKETIME:
        print('SKIP: libfaketime is not installed')
        sys.exit(77)
    with tempfile.TemporaryDirectory() as room:
        net = f'127.{30 + list(CLAIMS).index(claim)}'
        world = World(pcgsim, pcgd, room, net)
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
