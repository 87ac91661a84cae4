#!/usr/bin/env python3
"""Who may include whom, and who may ask the world for the time.

The include line names the layer ("base/loop.h"), so reading them is enough.
"""
import pathlib
import re
import sys

MAY_INCLUDE = {
    'base': {'base'},
    'capi': {'base', 'capi'},
    'gateway': {'base', 'capi', 'gateway'},
    'sim': {'base', 'sim'},
    'harness': {'base', 'capi', 'gateway', 'sim', 'harness'},
    'reports': {'base', 'reports'},
    'tests': {'base', 'capi', 'gateway', 'sim', 'harness', 'reports', 'tests'},
}
# Only base/ touches the machine we run on; a run must depend on its seed only.
WORLD = re.compile(r'\b(time|clock_gettime|gettimeofday|nanosleep|usleep|sleep|'
                   r'rand|random|getrandom|getenv|pthread_create|fork)\s*\(')

wrong = 0
for path in sorted(pathlib.Path('.').glob('*/**/*.[ch]')):
    layer = path.parts[0]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        include = re.match(r'#include "([^/"]+)/', line)
        may = MAY_INCLUDE.get(layer, set())
        if path.parts[:2] == ('sim', 'workload'):
            may = may | {'capi'}  # the same controllers run there after the pivot
        if include and include[1] not in may:
            print(f'{path}:{number}: {layer}/ may not include {include[1]}/')
            wrong += 1
        if layer in ('gateway', 'sim', 'harness') and WORLD.search(line):
            print(f'{path}:{number}: ask the loop, not the machine: {line.strip()}')
            wrong += 1
sys.exit(wrong > 0)
