#!/usr/bin/env python3
"""The tables in docs/scenarios.md are what the program prints from its own.

usage: manual_test.py PCGSIM docs/scenarios.md [--write]"""
import re
import subprocess
import sys

pcgsim, manual = sys.argv[1:3]
text = open(manual, encoding='utf-8').read()


def table(match):
    out = subprocess.run([pcgsim, match[1]], capture_output=True, text=True,
                         check=True).stdout
    return f'<!-- pcgsim {match[1]} -->\n```\n{out}```\n'


fresh = re.sub(r'<!-- pcgsim (\w+) -->\n(?:```\n.*?\n```\n)?', table, text,
               flags=re.DOTALL)
if '--write' in sys.argv:
    open(manual, 'w', encoding='utf-8').write(fresh)
elif fresh != text:
    print(f'{manual} is not what pcgsim prints; run this with --write')
    sys.exit(1)
