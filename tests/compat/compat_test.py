#!/usr/bin/env python3
"""`pcgsim compat maas` against `pcgsim serve maas`.

compat_test.py PCGSIM"""
import re
import signal
import subprocess
import sys
import time
from concurrent import futures

import site_of as site
from forger import Forger
from served import Maas
from site_of import claim, run, serve

VERSIONS = ('3.4', '3.5', '3.6', '3.7')
SPEED = '40'  # of the served world: machines come and go in seconds


def compare(pcgsim, room, url, key_file, *options):
    alice = room / 'alice'
    alice.write_text(site.ALICE)
    return run(pcgsim, 'compat', 'maas', '--url', url, '--key-file', key_file,
               '--user-key-file', alice, *options, cwd=room)


def counted(text):
    found = re.search(r'(\d+) checks, (\d+) the same, (\d+) differ, '
                      r'(\d+) skipped', text)
    assert found, text
    return [int(n) for n in found.groups()]


def a_region(room):
    return site.write_region(room, site.every_state())


def contents(pcgsim, served, room, name):
    out = room / f'{name}.json'
    done = run(pcgsim, 'import', 'maas', '--url', served.facts['url'],
               '--key-file', served.key_file, out)
    assert done.returncode == 0, done.stderr
    return out.read_text()


@claim
def the_fake_is_the_same_as_itself_in_all_versions(pcgsim, room):
    for version in VERSIONS:
        with serve(pcgsim, room, version, '--inventory', a_region(room),
                   '--version', version) as served:
            done = compare(pcgsim, room, served.facts['url'], served.key_file)
        checks, same, differ, skipped = counted(done.stdout)
        assert done.returncode == 0 and differ == 0, done.stdout
        assert same > 55 and same + skipped == checks, done.stdout
        assert not re.search(r'skipped: (?!needs --write|needs version)',
                             done.stdout), done.stdout


@claim
def lists_that_no_region_sorts_may_come_in_any_order(pcgsim, room):
    """What was changed last comes last, and an inventory does not tell."""
    with serve(pcgsim, room, 'changed', '--inventory',
               a_region(room)) as served:
        maas = Maas(served)
        for path, fields in (('/fabrics/0/vlans/0/', {'mtu': 1500}),
                             ('/subnets/1/', {'name': 'prod-net'}),
                             ('/domains/0/', {'name': 'maas'}),
                             ('/ipranges/1/', {'comment': 'boots'})):
            status, _, body = maas.call('PUT', path, fields)
            assert status == 200, (path, status, body)
        done = compare(pcgsim, room, served.facts['url'], served.key_file)
        assert done.returncode == 0, done.stdout


def writing_leaves_nothing_behind(pcgsim, room, version):
    room = room / f'of-{version}'
    room.mkdir()
    with serve(pcgsim, room, version, '--inventory', a_region(room),
               '--version', version, '--speed', SPEED) as served:
        before = contents(pcgsim, served, room, 'before')
        done = compare(pcgsim, room, served.facts['url'], served.key_file,
                       '--write', '--pool', 'trial', '--long')
        after = contents(pcgsim, served, room, 'after')
    checks, same, differ, _ = counted(done.stdout)
    assert done.returncode == 0 and differ == 0, done.stdout + done.stderr
    assert same > 135, done.stdout
    assert before == after
    assert not (room / '.pcgsim-compat').exists()


@claim
def writing_finds_the_same_and_leaves_nothing_behind(pcgsim, room):
    with futures.ThreadPoolExecutor(len(VERSIONS)) as pool:
        for end in [pool.submit(writing_leaves_nothing_behind, pcgsim, room,
                                version) for version in VERSIONS]:
            end.result()


def interrupted(pcgsim, room, forger, served, moment, number):
    """A run with --write that gets the signal when the server has just done
    what (method, path) asked and before it says so: the worst moment."""
    alice = room / 'alice'
    alice.write_text(site.ALICE)
    met, process = [], None

    def plant(method, path, _):
        if not met and method == moment[0] and re.fullmatch(moment[1], path):
            met.append(path)
            process.send_signal(number)
            time.sleep(0.05)
    forger.plant = plant
    process = subprocess.Popen(
        [pcgsim, 'compat', 'maas', '--url', forger.url, '--key-file',
         served.key_file, '--user-key-file', alice, '--write', '--pool',
         'trial'], cwd=room, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True)
    out, err = process.communicate(timeout=100)
    forger.plant = None
    assert met, (moment, out, err)
    return process.returncode, out, err


MOMENTS = [('POST', r'machines/\?op=allocate'),
           ('POST', r'machines/abc002/\?op=deploy'),
           ('POST', r'machines/abc002/\?op=release'),
           ('PUT', r'machines/abc002/'),
           ('POST', r'zones/'), ('DELETE', r'zones/.*'),
           ('PUT', r'dnsresources/.*'), ('PUT', r'boot-resources/.*'),
           ('POST', r'account/\?op=create.*'), ('POST', r'tags/')]


@claim
def a_signal_in_the_middle_leaves_nothing_behind(pcgsim, room):
    with serve(pcgsim, room, 'a', '--inventory', a_region(room), '--speed',
               SPEED) as served, Forger(served.port) as forger:
        before = contents(pcgsim, served, room, 'before')
        for n, moment in enumerate(MOMENTS):
            status, out, err = interrupted(
                pcgsim, room, forger, served, moment,
                (signal.SIGINT, signal.SIGTERM)[n % 2])
            assert status == 2 and 'maas: interrupted' in err, (moment, out,
                                                                err)
            assert contents(pcgsim, served, room, f'after-{n}') == before
            assert not (room / '.pcgsim-compat').exists()


@claim
def what_a_killed_run_leaves_the_next_one_takes_away(pcgsim, room):
    with serve(pcgsim, room, 'a', '--inventory', a_region(room), '--speed',
               SPEED) as served, Forger(served.port) as forger:
        before = contents(pcgsim, served, room, 'before')
        for n, (moment, keep) in enumerate((
                (MOMENTS[1], True), (MOMENTS[1], False),
                (MOMENTS[9], True), (MOMENTS[9], False),
                (MOMENTS[3], True))):
            status, _, _ = interrupted(pcgsim, room, forger, served, moment,
                                       signal.SIGKILL)
            assert status == -signal.SIGKILL
            left = contents(pcgsim, served, room, f'left-{n}')
            assert left != before, moment
            if not keep:  # the journal is lost as well
                for file in (room / '.pcgsim-compat').glob('*.json'):
                    file.unlink()
            done = compare(pcgsim, room, forger.url, served.key_file,
                           '--write', '--pool', 'trial', '--only', 'M-083')
            assert done.returncode == 0, done.stdout + done.stderr
            assert 'an earlier run had left' in done.stdout, done.stdout
            assert contents(pcgsim, served, room, f'after-{n}') == before
            assert not (room / '.pcgsim-compat').exists(), n


@claim
def two_runs_do_not_meet_in_one_folder(pcgsim, room):
    with serve(pcgsim, room, 'a', '--inventory', a_region(room), '--speed',
               SPEED) as served, Forger(served.port) as forger:
        second = []

        def plant(method, path, _):
            if path.endswith('op=allocate') and not second:
                second.append(compare(
                    pcgsim, room, served.facts['url'], served.key_file,
                    '--write', '--pool', 'trial'))
        forger.plant = plant
        first = compare(pcgsim, room, forger.url, served.key_file, '--write',
                        '--pool', 'trial', '--only', 'M-087')
        assert first.returncode == 0, first.stdout + first.stderr
        assert second[0].returncode == 2, second[0].stdout
        assert '.pcgsim-compat' in second[0].stderr, second[0].stderr


site.play(sys.modules[__name__], sys.argv[1])
