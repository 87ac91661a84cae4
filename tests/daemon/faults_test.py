#!/usr/bin/env python3
"""Rules of `pcgsim serve maas --fault`, on real sockets, plain and inside TLS.

faults_test.py PCGSIM: all claims below."""
import http.client
import json
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time

from served import Maas, Served

PCGSIM = sys.argv[1]
PATIENCE = 0.7  # seconds of a client


class Client(Maas):
    def zone(self, name, timeout=PATIENCE):
        """What becomes of the order to make a zone: a word or a status."""
        try:
            status, headers, body = self.call(
                'POST', '/zones/', {'name': name}, timeout)
        except http.client.RemoteDisconnected:
            return 'ended'
        except ConnectionResetError:
            return 'reset'
        except TimeoutError:
            return 'silence'
        except http.client.IncompleteRead:
            return 'cut'
        except http.client.BadStatusLine:
            return 'no HTTP'
        except ssl.SSLEOFError:
            return 'ended'
        self.headers, self.body = headers, body
        try:
            json.loads(body)
        except ValueError:
            return f'{status}, no JSON'
        return status

    def zones(self):
        return {z['name'] for z in json.loads(self.call('GET', '/zones/')[2])}


def each_way(room, claim, *options):
    for tls in ([], ['--tls']):
        with Served(PCGSIM, 'maas', room, *options, *tls) as served:
            claim(Client(served))


KINDS = [  # what happens, what the client sees, whether it was done
    ('answers 409', '409, no JSON', False),
    ('hangs', 'silence', False),
    ('breaks the connection', 'reset', False),
    ('obeys but answers 502', '502, no JSON', True),
    ('loses its answer', 'ended', True),
    ('swallows its answer', 'silence', True),
    ('truncates its answer', 'cut', True),
    ('answers garbage', 'no HTTP', True),
    ('garbles its answer', '200, no JSON', True)]


def each_kind_does_what_it_says(room):
    def claim(client):
        for n, (what, seen, done) in enumerate(KINDS):
            got = client.zone(f'z{n}')
            if client.tls and seen == 'reset' and got == 'ended':
                got = seen  # Python's ssl does not tell the two apart
            assert got == seen, f'{what}: the client saw {got}'
            assert (f'z{n}' in client.zones()) == done, \
                f'{what}: done is not {done}'
        assert client.zone('last') == 200
    each_way(room, claim, *sum((
        ['--fault', f'zones.create: {what}, nth {n + 1}']
        for n, (what, _, _) in enumerate(KINDS)), []))


def a_delay_is_as_long_as_it_says(room):
    def claim(client):
        started = time.time()
        assert client.zone('slow', 5) == 200
        took = time.time() - started
        assert 0.5 <= took < 1.5, f'it took {took} s'
    each_way(room, claim, '--fault', 'zones.create: answers after 500ms')


def an_answer_has_the_body_and_headers_of_its_rule(room):
    def claim(client):
        assert client.zone('a') == 429
        assert client.headers['Retry-After'] == '5'
        assert client.headers['X-Why'] == 'a test: of it'
        assert client.body == b'{"a": 1, "b": 2}', client.body
    each_way(room, claim, '--fault',
             'zones.create: answers 429 with Retry-After 5s, '
             'header X-Why: a test: of it, body {"a": 1, "b": 2}')


def pattern(client, count):
    """One letter per call: x where it was struck."""
    return ''.join('x' if client.call('GET', '/zones/')[0] == 503 else '.'
                   for _ in range(count))


def calls_are_counted(room):
    for keys, seen in (('nth 2', '.x....'), ('every 2', '.x.x.x'),
                       ('from 4', '...xxx'), ('from 2, times 2', '.xx...'),
                       ('every 3, times 1', '..x...')):
        with Served(PCGSIM, 'maas', room, '--fault',
                    f'zones.list: answers 503, {keys}') as served:
            got = pattern(Client(served), 6)
        assert got == seen, f'{keys}: {got}'


def all_rules_count_whatever_one_of_them_does(room):
    with Served(PCGSIM, 'maas', room,
                '--fault', 'zones.create: hangs, nth 1',
                '--fault', 'zones.create: loses its answer, nth 2') as served:
        client = Client(served)
        seen = [client.zone(f'z{n}') for n in range(3)]
    assert seen == ['silence', 'ended', 200], seen


def chance_is_of_the_seed(room):
    def runs(seed):
        with Served(PCGSIM, 'maas', room, '--seed', seed, '--fault',
                    'zones.list: answers 503, chance 50%') as served:
            return pattern(Client(served), 30)
    first = runs(1)
    assert 5 < first.count('x') < 25, first
    assert runs(1) == first
    assert runs(2) != first


def a_machine_is_known_by_id_and_by_name(room):
    with Served(PCGSIM, 'maas', room) as served:
        machines = json.loads(Client(served).call('GET', '/machines/')[2])
    mine, other = machines[0], machines[1]
    for name in (mine['system_id'], mine['hostname']):
        with Served(PCGSIM, 'maas', room, '--fault',
                    f'machine.read: answers 503, machine {name}',
                    '--fault',
                    f'allocate: obeys but answers 504, machine {name}'
                    ) as served:
            client = Client(served)

            def read(machine):
                return client.call('GET',
                                   f'/machines/{machine["system_id"]}/')[0]

            def allocate(machine):
                return client.call('POST', '/machines/?op=allocate',
                                   {'name': machine['hostname']})[0]
            assert (read(mine), read(other)) == (503, 200), name
            assert (allocate(mine), allocate(other)) == (504, 200), name


def an_allocation_is_of_the_machine_that_is_answered(room):
    with Served(PCGSIM, 'maas', room, '--machines', 1) as served:
        name = json.loads(Client(served).call('GET', '/machines/')[2])[0][
            'hostname']
    with Served(PCGSIM, 'maas', room, '--machines', 1, '--fault',
                f'allocate: garbles its answer, machine {name}') as served:
        status, _, body = Client(served).call(
            'POST', '/machines/?op=allocate', {})
    assert status == 200 and b'system_id' not in body, (status, body)


def a_rule_that_met_nothing_is_said_at_the_end(room):
    served = Served(PCGSIM, 'maas', room,
                    '--fault', 'zones.list: hangs, nth 3',
                    '--fault', 'allocate: hangs',
                    '--fault', 'zones.list: answers 500, nth 1')
    with served:
        assert pattern(Client(served), 2) == '..'
    assert ('the fault "zones.list: hangs, nth 3" met nothing: 2 fitted, '
            'none was its turn\n') in served.out, served.out
    assert ('the fault "allocate: hangs" met nothing: no request was one '
            'that it is for\n') in served.out, served.out
    assert 'answers 500' not in served.out, served.out


def a_slip_in_a_rule_is_told_with_its_column(room):
    for kind, rule, said in (
            ('maas', 'alocate: hangs', 'column 1: a maas has no operation '
             '"alocate"; did you mean allocate?'),
            ('maas', 'allocate: hangs, nht 2', 'column 18: a rule has no '
             'key "nht"; did you mean nth?'),
            ('palette', 'pol: hangs', 'column 1: a palette has no operation '
             '"pol"; did you mean poll?')):
        done = subprocess.run([PCGSIM, 'serve', kind, '--fault', rule],
                              capture_output=True, text=True, timeout=10)
        assert done.returncode == 2, done
        assert done.stderr == \
            f'pcgsim serve {kind}: --fault "{rule}": {said}\n', done.stderr


def a_palette_has_faults_too(room):
    with Served(PCGSIM, 'palette', room, '--plain',
                '--fault', '*: answers 503, nth 2') as served:
        seen = []
        for _ in range(3):
            connection = http.client.HTTPConnection(
                '127.0.0.1', served.port, timeout=5)
            connection.request('GET', '/v1/overlords')
            seen.append(connection.getresponse().status)
            connection.close()
    assert seen == [401, 503, 401], seen


def an_answer_may_have_no_end(room):
    def claim(client):
        connection = client.connect(5)
        connection.request('GET', '/MAAS/api/version/')
        answer = connection.getresponse()
        assert answer.status == 200
        for _ in range(50):
            assert len(answer.read(100000)) == 100000
        connection.close()
        assert client.call('GET', '/zones/')[0] == 200
    each_way(room, claim, '--fault',
             'GET /MAAS/api/version/: never ends its answer')


def the_language_of_rules_is_in_the_help(room):
    for kind in ('maas', 'palette'):
        text = subprocess.run([PCGSIM, 'serve', kind, '--help'],
                              capture_output=True, text=True).stdout
        for what, _, _ in KINDS:
            what = what.replace('409', 'STATUS').replace('502', 'STATUS')
            assert f'\n  {what}\n' in text, what
        for key in ('nth N', 'every N', 'chance P%', 'machine NAME'):
            assert f'\n  {key} ' in text, key


CLAIMS = (
    an_answer_may_have_no_end,
    the_language_of_rules_is_in_the_help,
    each_kind_does_what_it_says,
    a_delay_is_as_long_as_it_says,
    an_answer_has_the_body_and_headers_of_its_rule,
    calls_are_counted,
    all_rules_count_whatever_one_of_them_does,
    chance_is_of_the_seed,
    a_machine_is_known_by_id_and_by_name,
    an_allocation_is_of_the_machine_that_is_answered,
    a_rule_that_met_nothing_is_said_at_the_end,
    a_slip_in_a_rule_is_told_with_its_column,
    a_palette_has_faults_too)

for claim in CLAIMS:
    if len(sys.argv) > 2 and claim.__name__ not in sys.argv[2:]:
        continue
    with tempfile.TemporaryDirectory() as place:
        claim(pathlib.Path(place))
    print('held:', claim.__name__.replace('_', ' '), flush=True)
