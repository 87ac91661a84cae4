#!/usr/bin/env python3
"""The record of a run is the same, byte for byte, on both wires, and again
and again; and this comparison can fail: one byte flipped below TLS is seen.

usage: wires_test.py PCGSIM SCENARIO..."""
import pathlib
import subprocess
import sys
import tempfile


def record(pcgsim, scenario, folder, *flags):
    subprocess.run([pcgsim, 'run', scenario, '--record', folder, *flags],
                   stdout=subprocess.DEVNULL, check=False)
    (file,) = pathlib.Path(folder).glob('*.jsonl')
    return file.read_bytes()


def first_difference(a, b):
    for one, other in zip(a.splitlines(), b.splitlines()):
        if one != other:
            return f'\n  {one[:300]}\n  {other[:300]}'
    return ' (one is longer)'


def main(pcgsim, scenarios):
    wrong = 0
    with tempfile.TemporaryDirectory() as top:
        def run(name, *flags):
            return record(pcgsim, scenario, f'{top}/{name}', *flags)

        for number, scenario in enumerate(scenarios):
            memory = run(f'{number}m', '--wire', 'memory')
            https = run(f'{number}h', '--wire', 'https')
            again = run(f'{number}a', '--wire', 'https')
            for what, other in (('on the other wire', memory),
                                ('the second time', again)):
                if other != https:
                    print(f'{scenario}: not the same {what}:'
                          f'{first_difference(https, other)}')
                    wrong += 1
        if run('c', '--wire', 'https', '--corrupt-reply', '30') == https:
            print('a flipped byte was not noticed')
            wrong += 1
    return wrong > 0


sys.exit(main(sys.argv[1], sys.argv[2:]))
