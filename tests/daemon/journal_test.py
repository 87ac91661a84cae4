#!/usr/bin/env python3
"""The journal of `pcgsim serve`, how it starts and how it stops.

journal_test.py PCGSIM [CLAIM...]: the claims below."""
import base64
import http.client
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

from served import Maas, Served

PCGSIM = sys.argv[1]


class Kept(Served):
    """A served MAAS with a journal."""

    def __init__(self, room, *options, kind='maas'):
        self.journal = room / 'journal'
        super().__init__(PCGSIM, kind, room, '--journal', self.journal,
                         *options)

    def lines(self):
        """Of requests only, in order."""
        return [line for line in map(
            json.loads, self.journal.read_text().splitlines())
            if line['kind'] == 'request']

    def last(self):
        return self.lines()[-1]


def each_exchange_is_one_line(room):
    with Kept(room, '--speed', 10, '--fault',
              'zones.list: answers after 1s, nth 1') as served:
        maas = Maas(served)
        maas.call('GET', '/zones/?a=1&a=2')
        maas.call('POST', '/machines/?op=allocate', {'zone': 'default'})
        maas.call('GET', '/zones/')
        lines = served.lines()
    assert [line['op'] for line in lines] == [
        'zones.list', 'allocate', 'zones.list'], lines
    first, second, _ = lines
    for key, value in {
            'kind': 'request', 'peer': '127.0.0.1', 'user': 'admin',
            'op': 'zones.list', 'method': 'GET',
            'path': '/MAAS/api/2.0/zones/', 'parameters': {'a': ['1', '2']},
            'status': 200, 'fault': 'answer delayed', 'note': ''}.items():
        assert first[key] == value, (key, first)
    assert 90000 < first['took_us'] < 900000, first  # of the client's clock
    assert second['parameters'] == {'op': 'allocate', 'zone': 'default'}
    assert 0 < second['took_us'] < 90000, second
    assert second['at'] - first['at'] >= 900000  # of the served world
    assert first['time'].endswith('Z')


CLOSEST = [  # method, path, fields, what the note has
    ('GET', '/zones', None, 'the slash at the end is missing'),
    ('GET', '/zone/', None, 'the nearest is /MAAS/api/2.0/zones/'),
    ('PUT', '/zones/', None, 'takes no PUT; it takes GET, POST'),
    ('POST', '/machines/?op=alocate', {}, 'the nearest is op=allocate (POST)'),
    ('GET', '/machines/?op=allocate', None, 'wants POST, not GET'),
    ('POST', '/machines/{id}/', {}, 'wants an op; it has op='),
    ('GET', '/machines/{id}x/', None, 'the nearest is {id} ({name})'),
    ('GET', '/machines/{name}/', None,
     '{name} is a hostname; a path wants the system_id, {id}'),
    ('GET', '/zones/defautl/', None,
     'there is no zone defautl; the nearest is default'),
    ('GET', '/domains/mass/', None,
     'there is no domain mass; the nearest is maas'),
    ('GET', '/subnets/77/', None,
     'there is no subnet 77; there are 127.20.0.0/16'),
    ('POST', '/machines/?op=allocate', {'zon': 'default'},
     'allocate has no constraint zon, the nearest is zone')]


def a_refusal_says_what_came_closest(room):
    with Kept(room) as served:
        maas = Maas(served)
        machine = json.loads(maas.call('GET', '/machines/')[2])[0]
        words = {'id': machine['system_id'], 'name': machine['hostname']}
        for method, path, fields, note in CLOSEST:
            status = maas.call(method, path.format(**words), fields)[0]
            line = served.last()
            assert line['status'] == status >= 400, line
            assert note.format(**words) in line['note'], line
        connection = maas.connect(5)
        connection.request('GET', '/api/2.0/zones/')
        connection.getresponse().read()
        assert served.last()['note'] == 'the API begins at /MAAS/api/2.0/: ' \
            '/MAAS/api/2.0/zones/ is there', served.last()
        connection.close()
        assert maas.call('GET', '/zones/')[0] == 200
        assert served.last()['note'] == '', served.last()


def a_client_that_loops_is_noted_once(room):
    with Kept(room) as served:
        maas = Maas(served)
        for _ in range(70):
            maas.call('GET', '/zones/')
        notes = [line['note'] for line in served.lines() if line['note']]
        words = 'the same GET /MAAS/api/2.0/zones/ 50 times in '
        assert len(notes) == 1 and notes[0].startswith(words), notes
        assert 'nothing will change until somebody does' in notes[0], notes
        assert served.out.count('a client seems to loop: ' + words) == 1


def no_secret_gets_into_the_journal(room):
    def encoded(text):
        return base64.b64encode(text.encode()).decode()
    user_data = 'cloud-config with-a-join-token-4711'
    words = {'user_data': encoded(user_data), 'password': 'Pa55word-of-bob',
             'sshkey': 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5-private-part'}
    with Kept(room) as served:
        maas = Maas(served)
        machine = json.loads(
            maas.call('POST', '/machines/?op=allocate', {})[2])['system_id']
        assert maas.call('POST', f'/machines/{machine}/?op=deploy',
                         {'user_data': words['user_data']})[0] == 200
        assert maas.call('POST', '/users/', {
            'username': 'bob', 'email': 'b@c.d', 'is_superuser': '0',
            'password': words['password']})[0] == 200
        maas.call('POST', '/account/prefs/sshkeys/', {'key': words['sshkey']})
        maas.call('POST', f'/machines/{machine}/', {
            'power_parameters_power_pass': words['password']})
        new = json.loads(maas.call(
            'POST', '/account/?op=create_authorisation_token', {})[2])
        maas.call('POST', '/account/?op=delete_authorisation_token',
                  {'token_key': new['token_key']})
        connection = maas.connect(5)
        connection.request('POST', '/MAAS/accounts/authenticate/', urllib
                           .parse.urlencode({'username': 'bob', 'password':
                                             words['password']}),
                           {'Content-Type':
                            'application/x-www-form-urlencoded'})
        connection.getresponse().read()
        consumer, token, secret = served.facts['apiKey'].split(':')
        connection.request(
            'GET', '/MAAS/api/2.0/zones/?oauth_token=' + token
            + '&oauth_signature=%26' + secret)
        connection.getresponse().read()
        connection.close()
        hidden = [consumer, token, secret, user_data, *words.values(),
                  new['token_key'], new['token_secret'],
                  new['consumer_key']]
        journal = served.journal.read_text()
        assert len(served.lines()) == 9, served.lines()
    for text in hidden:
        for form in (text, encoded(text), urllib.parse.quote(text),
                     urllib.parse.quote_plus(text)):
            assert form not in journal, f'{text} stands in the journal'
    assert '"user_data":"<not shown>"' in journal


def a_palette_keeps_a_journal_too(room):
    with Kept(room, '--plain', kind='palette') as served:
        connection = http.client.HTTPConnection('127.0.0.1', served.port)
        for path in ('/v1/overlord', '/v1/auth/orgs', '/v1/auth/orgs'):
            connection.request('GET', path, headers={
                'ApiKey': served.facts['apiKey']})
            connection.getresponse().read()
        connection.close()
        unknown, unmodelled, _ = served.lines()
        journal = served.journal.read_text()
    assert unknown['note'] == \
        'nothing is at /v1/overlord; the nearest is /v1/overlords', unknown
    assert unmodelled['note'] == \
        'GET /v1/auth/orgs is known and not modelled', unmodelled
    assert 'not modelled: GET /v1/auth/orgs (2)\n' in served.out, served.out
    assert served.facts['apiKey'] not in journal
    assert served.facts['password'] not in journal


def the_end_is_a_sum(room):
    with Kept(room, '--fault', 'zones.list: hangs, nth 2') as served:
        maas = Maas(served)
        maas.call('GET', '/zones/')
        try:
            maas.call('GET', '/zones/', timeout=0.3)
        except TimeoutError:
            pass
        maas.call('GET', '/nowhere/')
    assert ('served 3 requests: 1 well, 1 refused (4xx), 0 failed (5xx), 1 '
            'without an answer; faults struck 1\n'
            'unknown: 1 request for what a maas does not have; the journal '
            'says what came closest\n') in served.out, served.out


def start(*words):
    return subprocess.run([PCGSIM, 'serve', *map(str, words)],
                          capture_output=True, text=True, timeout=20)


def what_cannot_be_served_ends_with_a_sentence(room):
    (room / 'bad').write_text('{"machines": [}')
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        for words, said in (
                (('maas', '--port', port),
                 f'port {port} on 127.0.0.1 is in use'),
                (('palette', '--port', port),
                 f'port {port} on 127.0.0.1 is in use'),
                (('maas', '--port', 0, '--inventory', room / 'none'),
                 f'cannot read {room}/none: No such file or directory'),
                (('maas', '--port', 0, '--inventory', room / 'bad'),
                 f"{room}/bad:1:15: unexpected token near '}}'"),
                (('maas', '--port', 0, '--version', '2.9'),
                 'there is no model of MAAS 2.9; there are 3.4, 3.5, 3.6 and '
                 '3.7'),
                (('maas', '--port', 0, '--bind', 'here'),
                 'here is not an address to listen on'),
                (('maas', '--port', 0, '--bind', '192.0.2.1'),
                 'cannot listen on port 0 of 192.0.2.1: Cannot assign '
                 'requested address'),
                (('maas', '--port', 70000),
                 '--port wants N from 0 to 65535, not "70000"'),
                (('maas', '--machines', 10 ** 8),
                 '--machines wants N from 0 to 100000, not "100000000"'),
                (('palette', '--port', 0, '--bind', 'localhost'),
                 'localhost is not an address to listen on'),
                (('maas', '--port', 0, '--ca-file', room / 'ca'),
                 '--ca-file is for the CA of TLS, and this is served '
                 'without'),
                (('maas', '--prot', 1),
                 'there is no option --prot; did you mean --port?'),
                (('maas', '--port', 0, '--journal', room / 'no' / 'j'),
                 f'cannot write {room}/no/j: No such file or directory'),
                (('maas', '--port', 0, '--key-file', room / 'no' / 'k'),
                 f'cannot write {room}/no/k: No such file or directory')):
            done = start(*words)
            assert done.returncode == 2, (words, done)
            assert done.stderr == f'pcgsim serve {words[0]}: {said}\n', \
                (words, done.stderr)
            assert 'serving' not in done.stdout, done.stdout


def port_0_is_any_that_is_free_and_is_printed(room):
    for kind, bind, host in (('maas', '127.0.0.1', '127.0.0.1'),
                             ('palette', '127.0.0.1', '127.0.0.1'),
                             ('maas', '0.0.0.0', '127.0.0.1'),
                             ('maas', '::1', '[::1]')):
        with Served(PCGSIM, kind, room, '--port', 0, '--bind', bind
                    ) as served:
            url = urllib.parse.urlparse(served.facts['url'])
            assert url.netloc.rsplit(':', 1)[0] == host, url
            assert f' {served.facts["url"]}\n' in served.out, served.out
            socket.create_connection((url.hostname, url.port), 5).close()


def a_key_file_is_its_owners_and_the_key_is_not_printed(room):
    file = room / 'key'
    with Served(PCGSIM, 'maas', room, '--key-file', file) as served:
        key = file.read_text()
        assert key == served.facts['apiKey'] + '\n', key
        assert file.stat().st_mode & 0o777 == 0o600
        assert served.credentials.stat().st_mode & 0o777 == 0o600
        assert served.facts['apiKey'] not in served.out, served.out
        assert f'apiKey         in {file}\n' in served.out, served.out


def both_signals_stop_it_even_while_clients_wait(room):
    for number in (signal.SIGINT, signal.SIGTERM):
        with Served(PCGSIM, 'maas', room, '--tls',
                    '--fault', 'zones.list: hangs') as served:
            waiting = Maas(served).connect(5)
            waiting.request('GET', '/MAAS/api/2.0/zones/')
            time.sleep(0.2)
            started = time.time()
            served.process.send_signal(number)
            assert served.process.wait(5) == 0
            assert time.time() - started < 1
            waiting.close()
        assert '\nserved 1 request: ' in served.out, served.out


CLAIMS = (
    what_cannot_be_served_ends_with_a_sentence,
    port_0_is_any_that_is_free_and_is_printed,
    a_key_file_is_its_owners_and_the_key_is_not_printed,
    both_signals_stop_it_even_while_clients_wait,
    each_exchange_is_one_line,
    a_refusal_says_what_came_closest,
    a_client_that_loops_is_noted_once,
    no_secret_gets_into_the_journal,
    a_palette_keeps_a_journal_too,
    the_end_is_a_sum)

for claim in CLAIMS:
    if len(sys.argv) > 2 and claim.__name__ not in sys.argv[2:]:
        continue
    with tempfile.TemporaryDirectory() as place:
        claim(pathlib.Path(place))
    print('held:', claim.__name__.replace('_', ' '), flush=True)
