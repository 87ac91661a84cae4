#!/usr/bin/env python3
"""The kill matrix can fail, says so in a way that repeats, and is right where
it lets one run speak for several moments.

usage: matrix_test.py PCGSIM"""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

WORLD = """\
scenario: A gateway is asked once
why: The shortest time in which a gateway has something to lose.
world:
  maas/lab: { machines: 1 }
  palette/eu: { gateway_lost_after: %s }
  pcg/a: { palette: eu, maas: lab }
timeline:
  - when pcg/a.state == Running: operator validates the account of pcg/a
end: when quiet, at most 1h
finally:
  - pcg/a.work(pending) == 0
"""
# A minute's absence is seen by whoever counts to thirty.
IMPATIENT = WORLD % '30s' + """\
never:
  - pcg/a.state == Unhealthy
"""

wrong = 0


def expect(held, what):
    global wrong
    if not held:
        print(what)
        wrong += 1


def matrix(*words):
    return subprocess.run([pcgsim, 'matrix', *words], capture_output=True,
                          text=True, check=False)


def moments_that_leave_the_same_go_on_the_same(good):
    few, every = matrix(good), matrix(good, '--every')
    expect(few.returncode == 0, few.stdout)
    expect(every.returncode == 0, every.stdout)
    number = re.compile(r'(\d+) moments to die, which leave (\d+) different')
    all_of_them, different = map(int, number.search(few.stdout).groups())
    expect(different < all_of_them, few.stdout)
    expect(f'{different} runs, 0 failed' in few.stdout, few.stdout)
    expect(f'{all_of_them} runs, 0 failed' in every.stdout, every.stdout)
    table = re.compile(r'^  .* of \d+ held$', re.M)
    expect(table.findall(few.stdout) == table.findall(every.stdout),
           'each moment counts, whoever speaks for it')
    expect('\033' not in few.stdout and '\r' not in few.stdout,
           'colours or cursor words in a pipe')


def a_claim_that_a_death_breaks_is_found_and_repeats(bad, junit):
    did = matrix(bad, '--junit', junit)
    expect(did.returncode == 1, f'exit status {did.returncode}, wanted 1')
    expect('pcg/a.state was Unhealthy at' in did.stdout, did.stdout)
    again = re.findall(r'^again: pcgsim (.*)$', did.stdout, re.M)
    expect(len(again) > 5, did.stdout)
    words = shlex.split(again[0])
    once = subprocess.run([pcgsim, *words], capture_output=True, text=True,
                          check=False)
    expect(once.returncode == 1, once.stdout + once.stderr)
    expect('pcg/a.state was Unhealthy at' in once.stdout, once.stdout)
    expect(f'again: pcgsim {again[0]}' in once.stdout, once.stdout)
    (suite,) = ElementTree.parse(junit).getroot()
    expect(suite.get('tests') == '8', 'a case for each kind of death')
    expect(int(suite.get('failures')) > 4, 'and they fail')
    expect('--only' in suite.find('testcase/failure').text, 'how to repeat')


def without_a_gateway_there_is_nobody_to_kill(folder):
    nobody = pathlib.Path(folder) / 'nobody.yaml'
    nobody.write_text("""\
scenario: Nobody is there
why: Not every scenario has a gateway.
world:
  maas/lab: { machines: 1 }
timeline:
  - at 1m: maas/lab is down
end: when quiet, at most 1h
""", encoding='utf-8')
    did = matrix(str(nobody))
    expect(did.returncode == 2 and 'there is no gateway' in did.stderr,
           f'{did.returncode}\n{did.stdout}{did.stderr}')


def kinds_of_which_there_is_no_moment_are_left_out(good):
    did = matrix(good, '--sample', '1')
    expect(did.stdout.count(' of 1 held') == 1, did.stdout)
    expect('0 of 0' not in did.stdout, did.stdout)


def what_never_came_did_not_pass(good):
    did = matrix(good, '--only', 'exchange 999 before-send power')
    expect('never came' in did.stdout and 'PASS' not in did.stdout, did.stdout)


def who_errs_is_told(good):
    for words, status, said in [
            (['--only', 'exchange'], 2, 'names no moment'),
            (['--only', 'exchange 999 before-send power'], 1, 'never came'),
            (['--sample', '0'], 2, 'from 1, not "0"'),
            (['--who', 'pcg/b'], 2, '--who cannot be "pcg/b": a gateway'),
            (['--who', 'cluster/x/capi'], 2, 'such as pcg/a'),
            (['--corrupt-reply', '1'], 2, 'is for pcgsim run'),
            (['--junit', '/nowhere/at/all'], 2, 'cannot be written'),
            ([good], 2, 'usage: pcgsim matrix')]:
        did = matrix(good, *words)
        expect(did.returncode == status and said in did.stdout + did.stderr,
               f'{words}: {did.returncode}\n{did.stdout}{did.stderr}')


(pcgsim,) = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    patient = pathlib.Path(folder) / 'patient.yaml'
    impatient = pathlib.Path(folder) / 'impatient.yaml'
    patient.write_text(WORLD % '5m', encoding='utf-8')
    impatient.write_text(IMPATIENT, encoding='utf-8')
    moments_that_leave_the_same_go_on_the_same(str(patient))
    a_claim_that_a_death_breaks_is_found_and_repeats(
        str(impatient), str(pathlib.Path(folder) / 'junit.xml'))
    kinds_of_which_there_is_no_moment_are_left_out(str(patient))
    what_never_came_did_not_pass(str(patient))
    who_errs_is_told(str(patient))
    without_a_gateway_there_is_nobody_to_kill(folder)
sys.exit(wrong > 0)
