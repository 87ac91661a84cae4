#!/usr/bin/env python3
"""`pcgsim import maas` against `pcgsim serve maas`.

import_test.py PCGSIM"""
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time

import site_of as site
from site_of import claim, run, serve


def take(pcgsim, served, out, *options):
    return run(pcgsim, 'import', 'maas', '--url', served.facts['url'],
               '--key-file', served.key_file, out, *options)


@claim
def what_is_imported_is_served_and_imported_again_byte_for_byte(pcgsim, room):
    region = site.write_region(room, site.every_state())
    for version in ('3.4', '3.5', '3.6', '3.7'):
        one, two = room / f'{version}-1.json', room / f'{version}-2.json'
        with serve(pcgsim, room, f'{version}-a', '--inventory', region,
                   '--version', version) as first:
            done = take(pcgsim, first, one)
            assert done.returncode == 0, done.stderr
        with serve(pcgsim, room, f'{version}-b', '--inventory',
                   one) as second:
            done = take(pcgsim, second, two)
            assert done.returncode == 0, done.stderr
        assert one.read_bytes() == two.read_bytes()
        imported = json.loads(one.read_text())
        assert imported['maas']['version'] == version
        wanted = [(m['system_id'], m['status'], m['owner'], m['zone'],
                   m['pool'], m['ip_addresses'], m['mac'])
                  for m in site.every_state()]
        found = [(m['system_id'], m['status'], m['owner'], m['zone'],
                  m['pool'], m['ip_addresses'], m['mac'])
                 for m in imported['machines']]
        assert found == wanted, (found, wanted)


@claim
def a_thousand_machines_take_seconds(pcgsim, room):
    kinds = (4, 4, 6, 6, 10, 8, 11, 0)
    machines = [site.machine(n, kinds[n % 8]) for n in range(1000)]
    with serve(pcgsim, room, 'big', '--inventory',
               site.write_region(room, machines)) as big:
        began = time.time()
        done = take(pcgsim, big, room / 'out.json')
        took = time.time() - began
    assert done.returncode == 0, done.stderr
    assert len(json.loads((room / 'out.json').read_text())['machines']) == 1000
    print(f'      1000 machines in {took:.1f} s')
    assert took < 10 * float(os.environ.get('PCGSIM_SLOW', '1')), took


@claim
def secrets_are_in_it_only_if_asked_for(pcgsim, room):
    with serve(pcgsim, room, 'a', '--inventory', site.write_region(
            room, site.every_state())) as served:
        done = take(pcgsim, served, room / 'plain.json')
        assert done.returncode == 0, done.stderr
        take(pcgsim, served, room / 'more.json', '--with-owner-data',
             '--with-ssh-keys')
        key = served.facts['apiKey']
    plain = (room / 'plain.json').read_text()
    more = (room / 'more.json').read_text()
    for secret in (key, key.split(':')[2], site.BMC_PASSWORD, '@'):
        assert secret not in plain, secret
        assert secret not in done.stderr + done.stdout
    assert site.OWNER_NOTE not in plain and site.SSH_KEY not in plain
    assert site.OWNER_NOTE in more and site.SSH_KEY in more
    with serve(pcgsim, room, 'b', '--inventory', room / 'more.json') as again:
        take(pcgsim, again, room / 'again.json', '--with-owner-data',
             '--with-ssh-keys')
    assert (room / 'again.json').read_text() == more


@claim
def the_file_is_the_callers_alone_and_nothing_is_overwritten(pcgsim, room):
    out = room / 'out.json'
    with serve(pcgsim, room, 'a', '--machines', 2) as served:
        os.umask(0)
        assert take(pcgsim, served, out).returncode == 0
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        out.write_text('mine')
        done = take(pcgsim, served, out)
        assert done.returncode == 2 and out.read_text() == 'mine'
        assert '--force' in done.stderr, done.stderr
        assert take(pcgsim, served, out, '--force').returncode == 0
        whole = out.read_text()
        assert json.loads(whole)['machines']
        done = take(pcgsim, served, '-')
        assert done.returncode == 0 and done.stdout == whole
        assert [p.name for p in room.glob('out.json*')] == ['out.json']


@claim
def what_is_wrong_is_said_in_a_sentence(pcgsim, room):
    def refused(sentence, *options):
        done = run(pcgsim, 'import', 'maas', *options)
        assert done.returncode == 2, (done.returncode, done.stderr)
        assert sentence in done.stderr, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert not (room / 'out.json').exists()

    out, key = room / 'out.json', room / 'key'
    key.write_text('not-a-key')
    here = ('--url', 'http://127.0.0.1:1/MAAS', out)
    refused('--url', '--key-file', key, out)
    refused('where the API key is', *here)
    refused('three parts', '--key-file', key, *here)
    refused('which file', '--url', 'http://127.0.0.1:1/MAAS', '--key', 'a:b:c')
    refused('refuses connections', '--key', 'a:b:c', *here)
    refused('cannot read', '--key', 'a:b:c', '--ca', room / 'nowhere', *here)
    with serve(pcgsim, room, 'a', '--machines', 1) as served:
        key.write_text('wrongconsumer:wrongtoken:wrongsecret')
        refused('does not accept the API key', '--url', served.facts['url'],
                '--key-file', key, out)
        refused('is that the address of a MAAS?', '--url', served.facts['url'] + '/x',
                '--key-file', key, out)
    with socket.socket() as deaf:
        deaf.bind(('127.0.0.1', 0))
        deaf.listen()
        port = deaf.getsockname()[1]
        refused('no answer from', '--url', f'http://127.0.0.1:{port}/MAAS',
                '--key-file', key, '--timeout', '1', out)


@claim
def tls_is_verified(pcgsim, room):
    ca = room / 'ca.pem'
    with serve(pcgsim, room, 'a', '--machines', 1, '--tls', '--ca-file',
               ca) as served:
        assert served.facts['url'].startswith('https')
        done = take(pcgsim, served, room / 'no.json')
        assert done.returncode == 2 and not (room / 'no.json').exists()
        done = take(pcgsim, served, room / 'yes.json', '--ca', ca)
        assert done.returncode == 0, done.stderr


@claim
def a_key_on_the_command_line_is_not_seen_there(pcgsim, room):
    with socket.socket() as deaf:
        deaf.bind(('127.0.0.1', 0))
        deaf.listen()
        port = deaf.getsockname()[1]
        command = [pcgsim, 'import', 'maas', '--key', 'consumer:token:secret',
                   '--url', f'http://127.0.0.1:{port}/MAAS',
                   str(room / 'out.json')]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        asked = deaf.accept()[0]
        asked.recv(1)
        with open(f'/proc/{process.pid}/cmdline', encoding='utf-8') as line:
            seen = line.read()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
        asked.close()
    assert '--key\0*****' in seen and 'secret' not in seen, seen
    assert process.returncode == 2 and b'interrupted' in said, said
    assert not list(room.glob('out.json*'))


SCENARIO = """
scenario: A cluster on the machines of a real site

why: An operator wants to see a cluster on machines like theirs.

world:
  maas/lab:    { inventory: site.json, machines: 1 }
  palette/eu:  {}
  pcg/a:       { palette: eu, maas: lab }
  cluster/web: { through: pcg/a, control_planes: 1, workers: 1, pool: trial }

timeline:
  - at 5m: operator creates cluster/web
    expect:
      - within 2h: cluster/web.state == Running

end: when quiet, at most 6h
finally:
  - maas/lab.machines(Ready) == 2
  - maas/lab.machines(Deployed) == 2
"""


@claim
def a_scenario_plays_on_the_machines_of_a_site(pcgsim, room):
    with serve(pcgsim, room, 'a', '--inventory', site.write_region(
            room, site.every_state())) as served:
        assert take(pcgsim, served, room / 'site.json').returncode == 0
    (room / 'site.yaml').write_text(SCENARIO)
    done = run(pcgsim, 'run', '-j', '0', '--wire', 'memory',
               room / 'site.yaml')
    assert done.returncode == 0, done.stdout + done.stderr
    (room / 'site.json').unlink()
    done = run(pcgsim, 'run', '-j', '0', room / 'site.yaml')
    assert done.returncode == 2, done.stdout
    assert 'site.json: No such file' in done.stdout + done.stderr, (
        done.stdout, done.stderr)


site.play(sys.modules[__name__], sys.argv[1])
