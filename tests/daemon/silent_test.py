#!/usr/bin/env python3
"""Thousands of clients that connect and then say nothing, or half of it.

silent_test.py PCGSIM

`pcgsim serve maas` goes on answering those who speak, also when there are
more silent ones than it keeps connections, and gives the silent ones up when
their time is over (a minute of its time, which runs faster here).
"""
import json
import os
import pathlib
import resource
import socket
import sys
import tempfile
import time
import urllib.request

from served import Served, wait

WANTED = 9000  # more than the 8192 connections that a listener keeps
FEWEST = 2000
HALVES = [
    b'',
    b'GET /MAAS/api/2.0/ver',
    b'GET /MAAS/api/2.0/version/ HTTP/1.1\r\nHost: a\r\nX-Slow: ',
    b'POST /MAAS/api/2.0/machines/ HTTP/1.1\r\nHost: a\r\n'
    b'Content-Length: 1000\r\n\r\nop=alloc',
    b'POST /MAAS/api/2.0/machines/ HTTP/1.1\r\nHost: a\r\n'
    b'Transfer-Encoding: chunked\r\n\r\n5\r\nop',
    b'\x16\x03\x01\x02\x00\x01',
]


def room_for_files():
    """How many connections this process may open; the server has as many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    count = min(WANTED, most - 300)
    if count < FEWEST:
        print(f'SKIP: {most} open files are too few for {FEWEST} connections')
        sys.exit(77)
    return count


def version(maas):
    started = time.time()
    with urllib.request.urlopen(
            maas.facts['url'] + '/api/2.0/version/', timeout=10) as answer:
        assert 'capabilities' in json.load(answer)
    return time.time() - started


def files_of(process):
    return len(os.listdir(f'/proc/{process.pid}/fd'))


def open_halves(maas, count):
    halves = []
    for i in range(count):
        s = socket.create_connection(('127.0.0.1', maas.port), timeout=10)
        try:
            s.sendall(HALVES[i % len(HALVES)])
        except OSError:
            pass  # it was given up already
        halves.append(s)
        if i % 1000 == 999:
            took = version(maas)
            assert took < 5, f'with {i + 1} of them an answer took {took} s'
    return halves


def main():
    count = room_for_files()
    with tempfile.TemporaryDirectory() as room, \
            Served(sys.argv[1], 'maas', pathlib.Path(room),
                   '--speed', '6') as maas:
        before = files_of(maas.process)
        halves = open_halves(maas, count)
        took = version(maas)
        print(f'{count} silent connections, {files_of(maas.process)} open '
              f'files, an answer in {took:.3f} s')
        assert files_of(maas.process) > FEWEST // 2, 'nobody was silent'
        wait('the silent ones are given up',
             lambda: files_of(maas.process) <= before + 10, 40)
        version(maas)
        for s in halves:
            s.close()


main()
