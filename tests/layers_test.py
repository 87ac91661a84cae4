#!/usr/bin/env python3
"""Who may include whom, who may ask the machine, and how long things get.

    base <- capi <- gateway      base <- sim <- compat      base <- reports
    all but reports <- harness

The include line names the layer ("base/loop.h"), so reading them is enough.
Prints every offender and fails if there is one.
"""
import pathlib
import re
import sys

MAY_INCLUDE = {
    'base': {'base'},
    'capi': {'base', 'capi'},
    'gateway': {'base', 'capi', 'gateway'},
    'sim': {'base', 'sim'},  # the headers of sim/ itself belong to its parts
    # A part of the world knows another only by what travels on a wire.
    'sim/maas': {'base', 'sim', 'sim/maas'},
    'sim/palette': {'base', 'sim', 'sim/palette'},
    'sim/network': {'base', 'sim', 'sim/network'},
    # After the pivot the same controllers run inside a workload cluster.
    'sim/workload': {'base', 'capi', 'sim', 'sim/workload'},
    # Asks a real server and the fake the same things; not the engine's client.
    'compat': {'base', 'sim/maas', 'compat'},
    'harness': {'base', 'capi', 'compat', 'gateway', 'sim', 'sim/maas', 'sim/palette',
                'sim/network', 'sim/workload', 'harness'},
    'reports': {'base', 'reports'},
}

# What runs inside a scenario depends on its seed, and on nothing else.
MACHINE = {
    'time', 'gettimeofday', 'clock_gettime', 'clock', 'localtime', 'gmtime',
    'sleep', 'usleep', 'nanosleep', 'clock_nanosleep', 'alarm',
    'rand', 'srand', 'rand_r', 'random', 'srandom', 'drand48', 'getrandom',
    'arc4random', 'getentropy', 'mkstemp',
    'getenv', 'secure_getenv', 'setenv', 'gethostname',
    'fork', 'vfork', 'waitpid', 'wait', 'execv', 'execvp', 'execve', 'popen',
    'system', 'posix_spawn', 'kill', 'getpid', 'getppid', 'isatty',
    'sysconf', 'sched_yield', 'thrd_create',
}
# Parts reach files and sockets through their host only.
FILES = {'fopen', 'socket', 'getaddrinfo', 'epoll_create1', 'epoll_wait'}
GUARDED = {'capi': MACHINE | FILES, 'gateway': MACHINE | FILES,
           'sim': MACHINE | FILES, 'compat': MACHINE | FILES,
           'harness': MACHINE}
# The programs themselves stand outside every scenario.
PROGRAMS = re.compile(
    r'^(harness/(command|serve)/|gateway/pcgd)[^/]*\.[ch]$')
PROGRAMS_MAY = {'fork', 'waitpid', 'getpid', 'isatty', 'getenv', 'kill',
                'sysconf', 'clock_gettime', 'fopen'}

LONGEST_FUNCTION = 70
LONGEST_FILE = 750

NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
                   re.DOTALL)
CALL = re.compile(r'(?<![\w.>])([a-z]\w*)\s*\(')

offences = []


def offend(path, number, what):
    offences.append(f'{path}:{number}: {what}')


def without_noise(text):
    """Comments and strings become blanks; the lines stay where they are."""
    return NOISE.sub(lambda m: re.sub(r'[^\n]', ' ', m[0]), text)


def layer_of(name):
    parts = pathlib.PurePosixPath(name).parts
    inner = '/'.join(parts[:2])
    return inner if inner in MAY_INCLUDE else parts[0]


def check_includes(path, text):
    layer = layer_of(path)
    for number, line in enumerate(text.splitlines(), 1):
        include = re.match(r'#\s*include "([^"]+)"', line)
        if not include:
            continue
        if '/' not in include[1]:
            offend(path, number, f'name the layer of "{include[1]}"')
        elif PROGRAMS.match(path) and layer_of(include[1]) == 'reports':
            pass  # a program hands its runs' outcomes to the reports
        elif layer_of(include[1]) not in MAY_INCLUDE[layer]:
            offend(path, number, f'{layer}/ may not include {include[1]}')


def check_calls(path, text):
    banned = GUARDED.get(path.split('/')[0], set())
    if PROGRAMS.match(path):
        banned = banned - PROGRAMS_MAY
    for number, line in enumerate(text.splitlines(), 1):
        for call in CALL.findall(line):
            if call in banned or call.startswith('pthread_'):
                offend(path, number,
                       f'{call}(): ask the host, not the machine')


def check_sizes(path, text):
    """Our formatter puts the opening brace of a function, and of nothing
    else, alone at the left margin."""
    lines = text.splitlines()
    if len(lines) > LONGEST_FILE:
        offend(path, len(lines),
               f'{len(lines)} lines are more than {LONGEST_FILE}')
    start = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == '{':
            start = number
        elif line.rstrip() == '}' and start:
            if number - start - 1 > LONGEST_FUNCTION:
                offend(path, start, f'a function of {number - start - 1} '
                       f'lines; at most {LONGEST_FUNCTION}')
            start = None


for layer in sorted({name.split('/')[0] for name in MAY_INCLUDE}):
    for file in sorted(pathlib.Path(layer).glob('**/*.[ch]')):
        source = file.read_text()
        bare = without_noise(source)
        check_includes(file.as_posix(), source)
        check_sizes(file.as_posix(), bare)
        if file.suffix == '.c':
            check_calls(file.as_posix(), bare)

for offence in offences:
    print(offence)
sys.exit(len(offences) > 0)
