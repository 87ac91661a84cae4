#!/usr/bin/env python3
"""What a caller of pcgsim sees: exit statuses, where the words go, a JUnit
file that CI systems read, and a record of which every line is one object.

usage: command_test.py PCGSIM scenarios/outage/gateway-dies.yaml"""
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

wrong = 0


def expect(held, what):
    global wrong
    if not held:
        print(what)
        wrong += 1


def call(*words):
    return subprocess.run([pcgsim, *words], capture_output=True, text=True,
                          check=False)


def said(words, status, out='', err=''):
    did = call(*words)
    expect(did.returncode == status and out in did.stdout and
           err in did.stderr and bool(err) == bool(did.stderr),
           f'{words}: {did.returncode}, wanted {status}, "{out}" and '
           f'"{err}"\n{did.stdout[:500]}{did.stderr[:500]}')


def every_command_explains_itself():
    said(['--help'], 0, 'usage: pcgsim')
    for line in call('--help').stdout.splitlines():
        if line.startswith('  '):
            said([line.split()[0], '--help'], 0, 'usage: pcgsim')
            said([line.split()[0], '-h'], 0, 'usage: pcgsim')


def a_caller_who_errs_is_told_and_nothing_is_played(top):
    empty = top / 'empty'
    empty.mkdir()
    (top / 'nothing.yaml').touch()
    said([], 2, err='usage: pcgsim')
    said(['rum'], 2, err='did you mean run?')
    said(['run', '--sed', '1'], 2, err='no --sed; did you mean --seed?')
    said(['run', '--who', 'pcg/a', scenario], 2,
         err='--who is for pcgsim matrix')
    said(['run', '--log=all', scenario], 2, err='--log takes no value')
    said(['run', '--seed'], 2, err='--seed wants a whole number from 0')
    said(['run', '--seed', '-1', scenario], 2, err='from 0, not "-1"')
    said(['run', '--maas', '3.8', scenario], 2,
         err='--maas wants 3.4, 3.5, 3.6 or 3.7, not "3.8"')
    said(['run', '--wire', 'wet', scenario], 2,
         err='--wire wants memory or https, not "wet"')
    said(['run', '--record', str(top / 'nothing.yaml'), scenario], 2,
         err='cannot be written: Not a directory')
    said(['matrix', str(top)], 2, err='cannot be read: Is a directory')
    said(['matrix', '--record', str(top), scenario], 2,
         err='--record wants --only MOMENT')
    said(['explain'], 2, err='usage: pcgsim explain FILE')
    said(['explain', '--all'], 2, err='there is no --all')
    said(['coverage', 'palette'], 2, err='there is no palette')
    said(['run', str(empty)], 2, err='there is no scenario in')
    said(['run', 'no.yaml'], 2, err='no.yaml: the file cannot be read: No su')
    said(['run', str(top)], 2, err='nothing.yaml: the file is empty')
    said(['run', '--junit', str(top), scenario], 2, err='cannot be written')
    said(['explain', 'scenarios'], 2, err='cannot be read: Is a directory')
    said(['verbs', 'more'], 2, err='takes nothing more')


def no_key_twice(pairs):
    expect(len(pairs) == len(dict(pairs)), f'a key stands twice in {pairs}')
    return dict(pairs)


def results_are_what_other_programs_read(top):
    bad = top / 'bad & "worse".yaml'
    text = pathlib.Path(scenario).read_text(encoding='utf-8')
    bad.write_text(text.replace('within 45m', 'within 1m', 1))
    junit, records = top / 'junit.xml', top / 'records'
    did = call('run', '--wire', 'memory', '--junit', str(junit), '--record',
               str(records), scenario, str(bad))
    expect(did.returncode == 1, f'exit status {did.returncode}, wanted 1')
    expect('\033' not in did.stdout, 'colours or cursor words in a pipe')
    suites = ElementTree.parse(junit).getroot()
    (suite,) = suites.findall('testsuite')
    good, failed = suite.findall('testcase')
    expect((suites.tag, suite.get('tests'), suite.get('failures')) ==
           ('testsuites', '2', '1'), 'the counts of the suite')
    expect(good.get('classname') == scenario and len(good) == 0,
           'the case that passed')
    (failure,) = failed.findall('failure')
    expect(failure.get('message') ==
           'within 1m: cluster/web.state == Running', 'the message')
    expect('again: pcgsim run' in failure.text, 'how to run it again')
    expect(float(failed.get('time')) < 600, 'time that passed here, not there')
    expect(len(list(records.iterdir())) == 2, 'a record of each run')
    for record in records.iterdir():
        for line in record.read_text(encoding='utf-8').splitlines():
            json.loads(line, object_pairs_hook=no_key_twice)


def a_run_is_with_the_maas_that_was_asked_for(top):
    bad = top / 'bad.yaml'
    text = pathlib.Path(scenario).read_text(encoding='utf-8')
    bad.write_text(text.replace('within 45m', 'within 1m', 1))
    hashes = set()
    for version in ('3.4', '3.5', '3.6'):
        did = call('run', '--wire', 'memory', '--maas', version, scenario)
        hashes.add(re.search(r'events +(\w+)', did.stdout)[1])
    expect(len(hashes) == 3, f'three versions, and {len(hashes)} records')
    did = call('run', '--wire', 'memory', '--maas', '3.6', str(bad))
    expect('--wire memory --maas 3.6' in did.stdout, 'how to run it again')


def too_few_descriptors_are_said_and_judge_nothing():
    # The leak sanitizer needs descriptors of its own, at the end of a run.
    surroundings = {**os.environ, 'ASAN_OPTIONS': 'detect_leaks=0'}
    for most in (40, 60, 100):
        did = subprocess.run(
            [pcgsim, 'run', '-j', '0', scenario], capture_output=True,
            text=True, check=False, env=surroundings, preexec_fn=lambda:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)))
        expect(did.returncode == 2 and 'FAIL' not in did.stdout and
               'no more files may be open at once (ulimit -n)' in did.stderr
               and 'check failed' not in did.stderr,
               f'with {most} descriptors: {did.returncode}\n'
               f'{did.stdout[:500]}{did.stderr[:500]}')


pcgsim, scenario = sys.argv[1:]
too_few_descriptors_are_said_and_judge_nothing()
with tempfile.TemporaryDirectory() as folder:
    every_command_explains_itself()
    a_caller_who_errs_is_told_and_nothing_is_played(pathlib.Path(folder))
with tempfile.TemporaryDirectory() as folder:
    results_are_what_other_programs_read(pathlib.Path(folder))
    a_run_is_with_the_maas_that_was_asked_for(pathlib.Path(folder))
sys.exit(wrong > 0)
