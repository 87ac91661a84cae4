#!/usr/bin/env python3
"""The tables in the manuals are what the program prints from its own.

usage: manual_test.py PCGSIM [--write] docs/scenarios.md..."""
import re
import subprocess
import sys

pcgsim = sys.argv[1]
write = '--write' in sys.argv


def table(match):
    out = subprocess.run([pcgsim, match[1]], capture_output=True, text=True,
                         check=True).stdout
    return f'<!-- pcgsim {match[1]} -->\n```\n{out}```\n'


stale = []
for manual in sys.argv[2:]:
    if manual == '--write':
        continue
    with open(manual, encoding='utf-8') as file:
        text = file.read()
    fresh = re.sub(r'<!-- pcgsim (\w+) -->\n(?:```\n.*?\n```\n)?', table, text,
                   flags=re.DOTALL)
    if fresh == text:
        continue
    stale.append(manual)
    if write:
        with open(manual, 'w', encoding='utf-8') as file:
            file.write(fresh)

for manual in stale if not write else []:
    print(f'{manual} is not what pcgsim prints; run this with --write')
sys.exit(bool(stale) and not write)
