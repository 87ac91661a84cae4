#!/usr/bin/env python3
"""`pcgsim compat maas` against `pcgsim serve maas`.

compat_test.py PCGSIM"""
import re
import signal
import subprocess
import sys
import time

import site_of as site
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
def writing_finds_the_same_and_leaves_nothing_behind(pcgsim, room):
    for version in VERSIONS:
        with serve(pcgsim, room, version, '--inventory', a_region(room),
                   '--version', version, '--speed', SPEED) as served:
            before = contents(pcgsim, served, room, f'{version}-before')
            done = compare(pcgsim, room, served.facts['url'], served.key_file,
                           '--write', '--pool', 'trial', '--long')
            after = contents(pcgsim, served, room, f'{version}-after')
        checks, same, differ, _ = counted(done.stdout)
        assert done.returncode == 0 and differ == 0, done.stdout + done.stderr
        assert same > 135, done.stdout
        assert before == after
        assert not (room / '.pcgsim-compat').exists()


def interrupted(pcgsim, room, served, moment, number):
    """A run with --write that gets the signal when its report or the server
    shows the moment (a function). What it said."""
    alice = room / 'alice'
    alice.write_text(site.ALICE)
    process = subprocess.Popen(
        [pcgsim, 'compat', 'maas', '--url', served.facts['url'], '--key-file',
         served.key_file, '--user-key-file', alice, '--write', '--pool',
         'trial'], cwd=room, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True)
    moment(process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def when_journaled(word, room):
    """The thing is in the journal: it is being made, or was."""
    def moment(process):
        until = time.time() + 60
        while time.time() < until and process.poll() is None:
            for file in (room / '.pcgsim-compat').glob('*.json'):
                try:
                    if word in file.read_text():
                        return
                except FileNotFoundError:
                    pass
            time.sleep(0.001)
        raise AssertionError(f'{word} was never journaled')
    return moment


@claim
def a_signal_in_the_middle_leaves_nothing_behind(pcgsim, room):
    with serve(pcgsim, room, 'a', '--inventory', a_region(room), '--speed',
               SPEED) as served:
        before = contents(pcgsim, served, room, 'before')
        for n, (word, number) in enumerate((
                ('machine abc002', signal.SIGINT), ('zone ', signal.SIGTERM),
                ('dns ', signal.SIGINT), ('image ', signal.SIGTERM))):
            status, out, err = interrupted(
                pcgsim, room, served, when_journaled(word, room), number)
            assert status == 2 and 'interrupted' in err, (word, out, err)
            assert 'is left' not in out + err, (out, err)
            assert contents(pcgsim, served, room, f'after-{n}') == before
            assert not (room / '.pcgsim-compat').exists()


@claim
def what_a_killed_run_leaves_the_next_one_takes_away(pcgsim, room):
    with serve(pcgsim, room, 'a', '--inventory', a_region(room), '--speed',
               SPEED) as served:
        before = contents(pcgsim, served, room, 'before')
        deployed = when_journaled('machine abc002', room)
        for n, keep in enumerate((True, False)):
            status, out, _ = interrupted(
                pcgsim, room, served,
                lambda process: (deployed(process), time.sleep(0.2)),
                signal.SIGKILL)
            assert status == -signal.SIGKILL
            assert contents(pcgsim, served, room, f'left-{n}') != before
            if not keep:  # the journal is lost as well
                for file in (room / '.pcgsim-compat').glob('*.json'):
                    file.unlink()
            done = compare(pcgsim, room, served.facts['url'],
                           served.key_file, '--write', '--pool', 'trial',
                           '--only', 'M-083')
            assert done.returncode == 0, done.stdout + done.stderr
            assert 'an earlier run had left' in done.stdout, done.stdout
            assert contents(pcgsim, served, room, f'after-{n}') == before
            assert not (room / '.pcgsim-compat').exists()


@claim
def two_runs_do_not_meet_in_one_folder(pcgsim, room):
    with serve(pcgsim, room, 'a', '--inventory', a_region(room), '--speed',
               SPEED) as served:
        def meet(process):
            when_journaled('machine abc002', room)(process)
            done = compare(pcgsim, room, served.facts['url'],
                           served.key_file, '--write', '--pool', 'trial')
            assert done.returncode == 2, done.stdout
            assert '.pcgsim-compat' in done.stderr, done.stderr
        interrupted(pcgsim, room, served, meet, signal.SIGINT)


site.play(sys.modules[__name__], sys.argv[1])
