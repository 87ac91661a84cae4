#!/usr/bin/env python3
"""What pcgd says and does when its surroundings are wrong.

pcgd_test.py PCGD: all claims below, on loopback, with a Palette that is a few
lines of Python and answers nonsense."""
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from served import free_port, wait

SECRETS = ('ABCD-EFGH-JKLM', 'consumer:token:secret-of-maas')
PCGD = sys.argv[1]


class Palette:
    """Answers every connection with these bytes, or without end."""

    def __init__(self, answer, endless=False):
        self.answer, self.endless, self.requests = answer, endless, []
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            peer, _ = self.socket.accept()
            threading.Thread(target=self.talk, args=[peer],
                             daemon=True).start()

    def talk(self, peer):
        try:
            self.requests.append(peer.recv(65536))
            peer.sendall(self.answer)
            while self.endless:
                peer.sendall(b'x' * 65536)
            peer.close()
        except OSError:
            pass


class Pcgd:
    def __init__(self, room, port):
        self.room = pathlib.Path(room)
        self.config = self.room / 'pcg.yaml'
        self.log = self.room / 'log'
        self.config.write_text(
            f'name: pcg-a\nstate: {room}/state\npalette:\n'
            f'  endpoint: http://127.0.0.1:{port}\n  overlordUid: 66a0\n'
            f'  pairingCode: {SECRETS[0]}\nmaas:\n'
            f'  endpoint: http://127.0.0.1:1/MAAS\n  apiKey: {SECRETS[1]}\n')
        subprocess.run([PCGD, 'encrypt', '--config', self.config], check=True,
                       stdout=subprocess.DEVNULL)

    def start(self):
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([PCGD, '--config', self.config],
                                            stderr=log)

    def says(self, words, seconds=10):
        wait(f'pcgd says "{words}"; it said: {self.log.read_text()}',
             lambda: words in self.log.read_text(), seconds)

    def refused(self):
        return subprocess.run([PCGD, '--config', self.config], timeout=10,
                              capture_output=True, text=True)

    def stop(self):
        started = time.time()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(5) == 0
        assert time.time() - started < 2, 'it took too long to stop'
        for file in (self.log, self.config):
            for secret in SECRETS:
                assert secret not in file.read_text(), f'a secret in {file}'


def a_corrupt_store_is_refused_and_left_alone(room):
    pcgd = Pcgd(room, free_port())
    (room / 'state').mkdir()
    store = room / 'state' / 'gateway.db'
    store.write_bytes(b'this is no database' * 1000)
    before = store.read_bytes()
    done = pcgd.refused()
    assert done.returncode == 1, done
    assert 'install again with a new pairing code' in done.stderr, done.stderr
    assert store.read_bytes() == before


def a_second_one_on_the_same_state_is_refused(room):
    pcgd = Pcgd(room, free_port())
    pcgd.start()
    pcgd.says('starts, state in')
    done = pcgd.refused()
    assert done.returncode == 1, done
    assert 'in use by another process' in done.stderr, done.stderr
    pcgd.stop()


def nonsense(room, palette, words):
    pcgd = Pcgd(room, palette.port)
    pcgd.start()
    pcgd.says(words)
    time.sleep(2)
    assert pcgd.process.poll() is None, 'it died'
    assert len(palette.requests) == 1, f'{len(palette.requests)} tries'
    pcgd.stop()


def garbage_is_said_and_tried_slowly(room):
    nonsense(room, Palette(b'\x00\xff' * 500 + b'\r\n\r\n'), 'unpaired: ')


def a_truncated_answer_is_said_and_tried_slowly(room):
    nonsense(room, Palette(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{'),
             'unpaired: ')


def an_endless_answer_is_said_and_tried_slowly(room):
    nonsense(room, Palette(b'HTTP/1.1 200 OK\r\n\r\n', endless=True),
             'unpaired: ')


def a_wrong_pairing_code_is_said_and_tried_slowly(room):
    body = b'{"code":"InvalidPairingCode","message":"no such code"}'
    nonsense(room, Palette(
        b'HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n' % len(body)
        + body), 'Palette says no: 400 InvalidPairingCode no such code')


for claim in (a_corrupt_store_is_refused_and_left_alone,
              a_second_one_on_the_same_state_is_refused,
              garbage_is_said_and_tried_slowly,
              a_truncated_answer_is_said_and_tried_slowly,
              an_endless_answer_is_said_and_tried_slowly,
              a_wrong_pairing_code_is_said_and_tried_slowly):
    with tempfile.TemporaryDirectory() as room:
        claim(pathlib.Path(room))
    print('held:', claim.__name__.replace('_', ' '), flush=True)
