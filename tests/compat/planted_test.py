#!/usr/bin/env python3
"""Differences are planted between `pcgsim compat maas` and a served MAAS; each
must be found, named and nothing else be blamed.

planted_test.py PCGSIM"""
import re
import sys

import site_of as site
from forger import Forger
from site_of import claim, run, serve

MACHINE = re.compile(r'machines/[0-9a-z]{6}/$')
ID = 'abc002'  # Ready in the pool, and the machine of the checks


def on(method, path):
    """A plant for answers to this method and path (a pattern)."""
    def wrap(change):
        def plant(asked, where, answer):
            if asked == method and re.fullmatch(path, where):
                change(answer)
        return plant
    return wrap


def set_key(answer, key, value, which=None):
    if answer.status != 200:
        return
    body = answer.json
    item = next(m for m in body if m['system_id'] == which) if which else body
    if value is KeyError:
        del item[key]
    else:
        item[key] = value
    answer.json = body


def in_json(key, value, which=None):
    return lambda answer: set_key(answer, key, value, which)


def status(code):
    def change(answer):
        answer.status = code
    return change


def text(old, new):
    def change(answer):
        assert old in answer.body, answer.body
        answer.body = answer.body.replace(old, new)
    return change


def header(name, value):
    return lambda answer: answer.header(name, value)


def reorder(answer):
    if answer.status == 200:
        answer.json = answer.json[::-1]


def without_one(answer):
    if answer.status == 200:
        answer.json = [m for m in answer.json
                       if m['system_id'] != 'abc005']


def a_space_more(answer):
    answer.json = answer.json + [{
        'name': 'extra', 'id': 99, 'description': '', 'vlans': [],
        'subnets': [], 'resource_uri': '/MAAS/api/2.0/spaces/99/'}]


# The import comes first and reads lists, too; a plant that changes a list is
# planted when the checks have begun (see `late`).
ONE = 'machines/abc001/'
LOOKING = [
    ('a key is gone', on('GET', ONE), in_json('memory', KeyError), {
        'M-070': r'machines/\{any\}/ \.memory: the server says nothing, the '
                 r'fake says 0 \(integer\)'}),
    ('a key is new', on('GET', ONE), in_json('shiny', True), {
        'M-070': r'\.shiny: the server says true \(boolean\), the fake says '
                 r'nothing'}),
    ('an integer is a text', on('GET', ONE), in_json('cpu_count', '5'), {
        'M-070': r'\.cpu_count: the server says "5" \(string\), the fake says '
                 r'0 \(integer\)'}),
    ('a real number is an integer', on('GET', ONE), in_json('storage', 480000),
     {'M-070': r'\.storage: .*480000 \(integer\)'}),
    ('a value', on('GET', ONE), in_json('power_state', 'error'), {
        'M-070': r'\.power_state: the server says "error" \(string\), the '
                 r'fake says "off" \(string\)'}),
    ('a list is an object', on('GET', ONE), in_json('tag_names', {}), {
        'M-070': r'\.tag_names: the server says \{\} \(object\)'}),
    ('a text is null', on('GET', ONE), in_json('architecture', None), {
        'M-070': r'\.architecture: the server says null'}),
    ('an inner key is gone', on('GET', ONE), in_json('zone', {
        'name': 'az-b', 'id': 4, 'resource_uri': '/MAAS/api/2.0/zones/az-b/'}),
     {'M-070': r'\.zone\.description: the server says nothing'}),
    ('a status', on('GET', 'machines'), status(200), {
        'M-005': r'machines status: the server says 200, the fake says 404'}),
    ('a redirect', on('GET', 'machines'), lambda a: (
        status(301)(a), header('Location', '/MAAS/api/2.0/machines/')(a)), {
            'M-005': r'the server says 301, the fake says 404'}),
    ('a content type', on('GET', r'machines/zzzzzz/'),
     header('Content-Type', 'application/json'), {
         'M-065': r'header Content-Type: the server says application/json, '
                  r'the fake says text/plain'}),
    ('a header is gone', on('GET', 'vlans/999999/'), header('Vary', None), {
        'M-159': r'header Vary: the server says nothing'}),
    ('the hash is gone', on('GET', 'resourcepools/'),
     header('X-MAAS-API-Hash', None), {
         'I-03': r'header X-MAAS-API-Hash: the server says nothing'}),
    ('another hash', on('GET', r'zones/'),
     header('X-MAAS-API-Hash', '0' * 40), {
         'M-022': r'relies on the header X-MAAS-API-Hash'}),
    ('what is allowed', on('OPTIONS', 'zones/'), header('Allow', 'GET'), {
        'M-011': r'header Allow: the server says GET, the fake says'}),
    ('the text of an error', on('GET', r'machines/\?bogus=1'),
     text(b'No such constraint.', b'No such thing.'), {
         'M-066': r'No such thing\..*No such constraint\.'}),
    ('a challenge is gone', on('GET', r'users/\?op=whoami'), lambda a:
     a.status == 401 and a.header('WWW-Authenticate', None), {
         'M-038': r'header WWW-Authenticate: the server says nothing',
         **{f'M-0{n}': '' for n in (32, 39, 40, 41, 42, 43, 45, 46, 47)}}),
    ('a used nonce is fine', on('GET', r'users/\?op=whoami'), lambda a:
     b'Nonce already used' in a.body and status(200)(a), {
         'M-042': r'with a nonce used before status: the server says 200, '
                  r'the fake says 401'}),
    ('nobody is let in', on('GET', r'machines/abc00./'), lambda a:
     a.status == 401 and status(200)(a), {
         'M-037': r'status: the server says 200, the fake says 401'}),
    ('machines in another order', on('GET', 'machines/'), reorder, {
        'I-01': r'machines/ order: the server lists abc008 after abc009, the '
                r'fake lists abc008 before abc009'}),
    ('a machine less', on('GET', 'machines/'), without_one, {
        'I-01': r'\[abc005\]: the server does not have it, the fake does'}),
    ('a value in a list', on('GET', 'machines/'),
     in_json('power_state', 'on', 'abc004'), {
         'I-01': r'\[abc004\]\.power_state: the server says "on" \(string\), '
                 r'the fake says "off"'}),
    ('an inner type in a list', on('GET', 'machines/'),
     in_json('boot_interface', 'eth0', 'abc003'), {
         'I-01': r'\[abc003\]\.boot_interface: the server says "eth0" '
                 r'\(string\)'}),
    ('a space more', on('GET', 'spaces/'), a_space_more, {
        'I-06': r'\[extra\]: the server has it, the fake does not',
        'M-160': ''}),
    ('no list but an object', on('GET', 'zones/'), lambda a: setattr(
        a, 'body', b'{}'), {'I-02': r'body: the server says \{\} \(object\)',
                            'M-021': '', 'M-022': ''}),
]


def compare(pcgsim, room, forger, served, *options):
    alice = room / 'alice'
    alice.write_text(site.ALICE)
    return run(pcgsim, 'compat', 'maas', '--url', forger.url, '--key-file',
               served.key_file, '--user-key-file', alice, *options, cwd=room)


def found(said):
    """id -> its lines."""
    lines = {}
    for line in said.splitlines():
        match = re.match(r'([MI]-\d+) (.*)', line)
        if match:
            lines.setdefault(match[1], []).append(match[2])
    return lines


def late(forger, plant):
    """The version is asked twice before the checks begin, which ask again."""
    state = {'versions': 0}

    def when_checks_run(method, path, answer):
        state['versions'] += path == 'version/'
        if state['versions'] > 2:
            plant(method, path, answer)
    forger.plant = when_checks_run


def expect(name, done, wanted):
    lines = found(done.stdout)
    assert done.returncode == 1, (name, done.returncode, done.stdout,
                                  done.stderr)
    assert set(lines) == set(wanted), (name, done.stdout)
    for check, pattern in wanted.items():
        assert re.search(pattern, '\n'.join(lines[check])), (name, check,
                                                             lines[check])


@claim
def what_is_planted_is_found_by_looking(pcgsim, room):
    with serve(pcgsim, room, 'a', '--inventory', site.write_region(
            room, site.every_state())) as served, \
            Forger(served.port) as forger:
        done = compare(pcgsim, room, forger, served)
        assert done.returncode == 0, done.stdout + done.stderr
        for name, where, change, wanted in LOOKING:
            late(forger, where(change))
            expect(name, compare(pcgsim, room, forger, served), wanted)
    print(f'      {len(LOOKING)} differences')


@claim
def without_write_nothing_is_sent_that_could_change_anything(pcgsim, room):
    with serve(pcgsim, room, 'a', '--inventory', site.write_region(
            room, site.every_state())) as served, \
            Forger(served.port) as forger:
        assert compare(pcgsim, room, forger, served).returncode == 0
        assert len(forger.seen) > 60
        methods = {method for method, _ in forger.seen}
        assert methods == {'GET', 'HEAD', 'OPTIONS'}, methods


WRITING = [
    ('created instead of fine', 'M-155', on('POST', 'zones/'), lambda a:
     a.status == 200 and status(201)(a), r'status: the server says 201'),
    ('deleted with a body', 'M-025', on('DELETE', r'zones/.*'), status(200),
     r'status: the server says 200, the fake says 204'),
    ('no constraints', 'M-093', on('POST', r'machines/\?op=allocate'),
     in_json('constraints_by_type', KeyError),
     r'\.constraints_by_type: the server says nothing'),
    ('another error', 'M-125', on('POST', r'machines/abc002/\?op=lock'),
     text(b"Can't lock", b'Cannot lock'), r'Cannot lock.*Can\'t lock'),
    ('a conflict with Retry-After', 'M-125',
     on('POST', r'machines/abc002/\?op=lock'), header('Retry-After', '5'),
     r'header Retry-After: the server says 5, the fake says nothing'),
    ('deployed at once', 'M-101', on('POST', r'machines/abc002/\?op=deploy'),
     lambda a: (in_json('status_name', 'Deployed')(a),
                in_json('status', 6)(a)),
     r'\.status_name: the server says "Deployed" \(string\), the fake says '
     r'"Deploying"'),
    ('an owner after the release', 'M-114',
     on('POST', r'machines/abc002/\?op=release'), in_json('owner', 'admin'),
     r'\.owner: the server says "admin" \(string\), the fake says null'),
    ('the number of a name changes', 'M-140', on('PUT', r'dnsresources/\d+/'),
     in_json('id', 7777777), r'\.id: a client relies on'),
    ('a commit of notes is late', 'M-075',
     on('POST', r'machines/abc002/\?op=set_owner_data'),
     in_json('owner_data', {}), r'\.owner_data: a client relies on'),
    ('a nonsense zone is taken', 'M-073', on('PUT', r'machines/abc002/'),
     status(200), r'status: the server says 200, the fake says 400'),
    ('a user may make zones', 'M-056', on('POST', 'zones/'), status(200),
     r'status: the server says 200, the fake says 403'),
    ('an upload is never complete', 'M-161',
     on('PUT', r'boot-resources/.*'), lambda a: a.status == 400 and (
         status(200)(a), setattr(a, 'body', b'OK')),
     r'status: the server says 200, the fake says 400'),
]


@claim
def what_is_planted_is_found_by_writing(pcgsim, room):
    with serve(pcgsim, room, 'a', '--inventory', site.write_region(
            room, site.every_state()), '--speed', '50') as served, \
            Forger(served.port) as forger:
        for name, check, where, change, pattern in WRITING:
            forger.plant = where(change)
            expect(name, compare(pcgsim, room, forger, served, '--write',
                                 '--pool', 'trial', '--only', check),
                   {check: pattern})
            forger.plant = None
    print(f'      {len(WRITING)} differences')


@claim
def no_machine_is_touched_that_is_not_in_the_pool(pcgsim, room):
    with serve(pcgsim, room, 'a', '--inventory', site.write_region(
            room, site.every_state()), '--speed', '50') as served, \
            Forger(served.port) as forger:
        done = compare(pcgsim, room, forger, served, '--write', '--pool',
                       'trial')
        assert done.returncode == 0, done.stdout + done.stderr
        touched = {m[1] for method, path in forger.seen
                   if method in ('POST', 'PUT', 'DELETE')
                   for m in re.finditer(r'(?:machines|nodes)/(abc\w{3})',
                                        path)}
        assert touched == {'abc002', 'abc003'} or touched == {'abc002'}, touched
        deleted = [p for method, p in forger.seen if method == 'DELETE'
                   and p.startswith('machines/abc')]
        assert not deleted, deleted
        done = compare(pcgsim, room, forger, served, '--write', '--pool',
                       'nowhere')
        assert done.returncode == 2 and 'there is no resource pool' in \
            done.stderr, done.stderr
        done = compare(pcgsim, room, forger, served, '--write')
        assert done.returncode == 2 and '--pool' in done.stderr, done.stderr


@claim
def a_server_that_cannot_be_compared_with_is_said(pcgsim, room):
    def version(shown):
        return on('GET', 'version/')(in_json('version', shown))

    with serve(pcgsim, room, 'a', '--inventory', site.write_region(
            room, [])) as served, Forger(served.port) as forger:
        forger.plant = version('2.9.1')
        done = compare(pcgsim, room, forger, served)
        assert done.returncode == 2 and 'there is no model of MAAS 2.9' in \
            done.stderr, done.stderr
        done = compare(pcgsim, room, forger, served, '--version', '3.4')
        assert done.returncode == 0, done.stdout + done.stderr
        forger.plant = version('soon')
        done = compare(pcgsim, room, forger, served)
        assert done.returncode == 2 and 'which version' in done.stderr
        forger.plant = on('GET', 'subnets/')(status(502))
        done = compare(pcgsim, room, forger, served)
        assert done.returncode == 2 and 'subnets/ is answered with 502' in \
            done.stderr, done.stderr


site.play(sys.modules[__name__], sys.argv[1])
