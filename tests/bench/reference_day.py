#!/usr/bin/env python3
"""How long the reference day takes on each wire: the quietest of some runs.

    reference_day.py PCGSIM WIRE_BENCH [RUNS]

Prints and asserts nothing but that the day passes. The last line is the rate of
libcurl and libmicrohttpd alone, measured in the same minute, to be held against
the exchanges a second above it.
"""
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

DAY = pathlib.Path(__file__).parent / "reference-day.yaml"


def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def play(pcgsim, wire, *more):
    began, had = time.monotonic(), spent()
    done = subprocess.run([pcgsim, "run", DAY, "--wire", wire, *more],
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.monotonic() - began, spent() - had


def exchanges(pcgsim):
    with tempfile.TemporaryDirectory() as directory:
        play(pcgsim, "memory", "--record", directory)
        record, = pathlib.Path(directory).iterdir()
        with open(record) as lines:
            return sum('"kind":"exchange"' in line for line in lines)


def main():
    pcgsim, wire_bench = map(os.path.abspath, sys.argv[1:3])
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    count = exchanges(pcgsim)
    print(f"the reference day: {count} exchanges; the quietest of {runs} runs")
    for wire in ("memory", "https"):
        taken = [play(pcgsim, wire) for _ in range(runs)]
        wall, cpu = min(t[0] for t in taken), min(t[1] for t in taken)
        print(f"{wire:8} {wall:6.2f} s, of it CPU {cpu:6.2f} s"
              f" {count / wall:9.0f} exchanges/s", flush=True)
    subprocess.run([wire_bench, "bare"], check=True)


main()
