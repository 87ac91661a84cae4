#!/usr/bin/env python3
"""docs/coverage.md names only scenarios, tests and laws that there are, and
no requirement twice.

usage: coverage_test.py PCGSIM ROOT"""
import collections
import pathlib
import re
import subprocess
import sys

pcgsim, root = sys.argv[1], pathlib.Path(sys.argv[2])
catalogue = root / 'docs/coverage.md'
TESTS = {name for file in root.glob('tests/**/*.c')
         for name in re.findall(r'^TEST\((\w+)\)', file.read_text('utf-8'),
                                re.MULTILINE)}
TESTS |= {name for file in root.glob('tests/daemon/*.py')
          for name in re.findall(r'^def (\w+)\((?:world|room)\):',
                                 file.read_text('utf-8'), re.MULTILINE)}
LAWS = re.findall(r'^  (\w.*)$',
                  subprocess.run([pcgsim, 'laws'], capture_output=True,
                                 text=True, check=True).stdout, re.MULTILINE)


def is_there(word):
    if word.startswith('scenarios/'):
        return (root / word).is_file()
    if word.startswith('law: '):
        return word.removeprefix('law: ') in LAWS
    return word in TESTS


wrong = []
ids = collections.Counter()
for number, line in enumerate(catalogue.read_text('utf-8').splitlines(), 1):
    row = re.fullmatch(r'\| ([RFX]-.*?) \| .+ \| (.+) \|', line)
    if not row:
        continue
    ids.update(row[1].split(', '))
    for word in re.findall(r'`([^`]+)`', row[2]) or [row[2]]:
        if not is_there(word):
            wrong.append(f'{number}: there is no {word}')
wrong += [f'{name} has more than one row' for name in ids if ids[name] > 1]
if len(ids) < 50:
    wrong.append('hardly any rows were found')
for what in wrong:
    print(f'{catalogue}: {what}')
sys.exit(bool(wrong))
