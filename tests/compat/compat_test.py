#!/usr/bin/env python3
"""`pcgsim compat maas` against `pcgsim serve maas`.

compat_test.py PCGSIM"""
import re
import sys

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


site.play(sys.modules[__name__], sys.argv[1])
