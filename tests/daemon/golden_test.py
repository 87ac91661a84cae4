#!/usr/bin/env python3
"""The recordings of a real MAAS, played over TCP against `pcgsim serve maas`.

golden_test.py PCGSIM

What differs from a real MAAS in-process (tests/maas/golden_allowed.json) may
differ here, and nothing else. The recordings and their player lie beside the
repository (or in PCGSIM_GOLDEN_MAAS); without them this is skipped, and says
so.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from served import Served, free_port

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
EXPECTED = SOURCE / 'tests' / 'maas'


def recordings():
    wanted = os.environ.get('PCGSIM_GOLDEN_MAAS')
    places = [wanted] if wanted else [
        SOURCE / '..' / 'shared' / 'golden' / 'maas',
        SOURCE / '..' / '..' / 'shared' / 'golden' / 'maas']
    for place in map(pathlib.Path, places):
        if (place.parent / 'play_golden.py').exists():
            return place.resolve()
    print('SKIP: no recordings of a real MAAS beside the repository')
    sys.exit(77)


def inventory(golden):
    """The recorded one with what the recordings show beyond it."""
    whole = json.loads((golden / '00_inventory.json').read_text())
    more = json.loads((EXPECTED / 'golden_overlay.json').read_text())
    extras = more.pop('machine_extras')
    for machine in whole['machines']:
        machine.update(extras.get(machine['system_id'], {}))
    whole.update(more)
    return whole


def differences(output):
    """(topic, exchange, line) of all that differs in the player's words."""
    topic = None
    for line in output.splitlines():
        if not line.startswith(' '):
            topic = line.split(':')[0]
        else:
            yield topic, line.strip().split(':')[0], line.strip()


def play(pcgsim, golden, room):
    whole = room / 'inventory.json'
    whole.write_text(json.dumps(inventory(golden)))
    control = free_port()
    topics = sorted(p for p in golden.glob('[0-9]*.json')
                    if not p.name.startswith('00_'))
    with Served(pcgsim, 'maas', room, '--inventory', whole,
                '--control', control) as maas:
        done = subprocess.run(
            [sys.executable, golden.parent / 'play_golden.py',
             '--url', maas.facts['url'],
             '--control', f'http://127.0.0.1:{control}/',
             '--inventory', golden / '00_inventory.json', *topics],
            capture_output=True, text=True, timeout=200)
    return done.stdout, done.stderr


def main():
    golden = recordings()
    allowed = json.loads((EXPECTED / 'golden_allowed.json').read_text())
    with tempfile.TemporaryDirectory() as room:
        output, complaints = play(sys.argv[1], golden, pathlib.Path(room))
    print(output, complaints, sep='')
    assert output.splitlines()[-1].startswith('all: '), 'it did not play all'
    bad = [line for topic, name, line in differences(output)
           if name not in allowed.get(topic, {})]
    assert not bad, f'{len(bad)} differ without being allowed to'


main()
