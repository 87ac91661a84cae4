#!/usr/bin/env python3
"""What pcgd says and does when its surroundings are wrong.

pcgd_test.py PCGD: all claims below, on loopback, with a Palette that is a few
lines of Python and answers nonsense."""
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from served import free_port, wait

SECRETS = ('ABCD-EFGH-JKLM', 'consumer:token:secret-of-maas')
PCGD = os.path.abspath(sys.argv[1])


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
        with open(self.log, 'wb') as log:
            self.process = subprocess.Popen([PCGD, '--config', self.config],
                                            stderr=log)

    def says(self, words, seconds=10):
        wait(f'pcgd says "{words}"; it said: {self.log.read_text()}',
             lambda: words in self.log.read_text(), seconds)

    def refused(self, **more):
        """It ends at once, with status 1 and, beside its log, one sentence."""
        done = subprocess.run([PCGD, '--config', self.config], timeout=10,
                              capture_output=True, text=True, **more)
        assert done.returncode == 1, done
        said = [line for line in done.stderr.splitlines()
                if line.startswith('pcgd: ')]
        assert len(said) == 1, done.stderr
        return said[0]

    def stop(self):
        started = time.time()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(5)
        assert status == 0, f'{status}: {self.log.read_text()}'
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
    said = pcgd.refused()
    assert 'not a database of ours' in said, said
    assert 'install again with a new pairing code' in said, said
    assert store.read_bytes() == before


def a_second_one_on_the_same_state_is_refused(room):
    pcgd = Pcgd(room, free_port())
    pcgd.start()
    pcgd.says('starts, state in')
    said = pcgd.refused()
    assert 'in use by another process' in said, said
    pcgd.stop()


def full_disk():
    """Every write to a file fails, as on a disk without room."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def a_full_disk_is_said_in_one_sentence_and_costs_nothing(room):
    pcgd = Pcgd(room, free_port())
    said = pcgd.refused(preexec_fn=full_disk)
    assert 'cannot make its tables: ' in said, said
    assert f'{room}/state' in said and 'is there room on its' in said, said
    pcgd.start()  # and now there is room
    pcgd.says('starts, state in')
    pcgd.stop()
    store = (room / 'state' / 'gateway.db').read_bytes()
    said = pcgd.refused(preexec_fn=full_disk)
    assert 'is there room on its disk' in said, said
    assert (room / 'state' / 'gateway.db').read_bytes() == store
    pcgd.start()
    pcgd.says('starts, state in')
    pcgd.stop()


def somebody(room):
    """A user whom the permissions of files concern: root is above them."""
    if os.geteuid() != 0:
        return {}
    for path in [room, *room.rglob('*')]:
        os.chown(path, 65534, 65534)
    return {'user': 65534, 'group': 65534}


def a_state_that_cannot_be_written_is_said_in_one_sentence(room):
    pcgd = Pcgd(room, free_port())
    pcgd.start()
    pcgd.says('starts, state in')
    pcgd.stop()
    who = somebody(room)
    store = room / 'state' / 'gateway.db'
    store.chmod(0)
    said = pcgd.refused(**who)
    assert 'can its directory be written by this user' in said, said
    assert 'pairing code' not in said, said  # that would not help
    store.chmod(0o600)
    (room / 'state' / 'lock').unlink()
    (room / 'state').chmod(0o500)
    said = pcgd.refused(**who)
    assert f'the directory {room}/state cannot be used' in said, said
    (room / 'state').chmod(0o700)


def each_command_has_a_help_of_its_own(room):
    told = {}
    for command in ('run', 'encrypt', 'install'):
        done = subprocess.run([PCGD, command, '--help'], timeout=10,
                              capture_output=True, text=True, check=True)
        assert done.stdout.startswith(f'usage: pcgd {command} '), done.stdout
        assert done.stderr == '', done.stderr
        told[done.stdout] = command
    assert len(told) == 3, told
    plain = subprocess.run([PCGD, '--help'], timeout=10, check=True,
                           capture_output=True, text=True)
    assert plain.stdout.startswith('usage: pcgd [COMMAND]'), plain.stdout


def whoever_asks_for_it_hears_of_each_exchange(room):
    palette = Palette(b'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}')
    pcgd = Pcgd(room, palette.port)
    with open(pcgd.config, 'a', encoding='utf-8') as config:
        config.write('log: debug\n')
    pcgd.start()
    pcgd.says(f'POST /v1/pcg/66a0/register at 127.0.0.1:{palette.port}: 404, '
              '2 bytes')
    pcgd.stop()


def what_it_writes_is_for_its_user_only(room):
    os.umask(0)  # the worst case
    pcgd = Pcgd(room, free_port())
    pcgd.config.chmod(0o600)
    pcgd.start()
    pcgd.says('starts, state in')
    pcgd.stop()
    written = [room / 'state', *(room / 'state').iterdir(), room / 'pcg.key']
    assert len(written) >= 4, written
    for path in written:
        assert path.stat().st_mode & 0o077 == 0, f'{path} lies open'


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


def who_installs_it_wrongly_is_told_before_anybody_is_asked(room):
    palette = Palette(b'')
    for name, text in (('code', SECRETS[0]), ('key', SECRETS[1]),
                       ('half', 'consumer:token'), ('no-ca', 'hello')):
        (room / name).write_text(text)
    (room / 'made').mkdir()
    (room / 'made' / 'pcg.yaml').write_text('by hand')
    well = {'--name': 'a', '--palette': f'http://127.0.0.1:{palette.port}',
            '--pairing-code-file': 'code', '--out': 'new',
            '--maas': 'http://127.0.0.1:1/MAAS', '--maas-key-file': 'key'}
    for option, value, said in (
            ('--name', 'pcg a', '1 to 63 letters, digits and -._/, not "p'),
            ('--palette', 'https://127.0.0.1:1', 'say --palette-ca FILE'),
            ('--palette', 'nowhere', 'does not begin with http'),
            ('--palette-ca', 'no-ca', 'no certificate (PEM) in no-ca'),
            ('--palette-ca', '.', 'cannot read .: Is a directory'),
            ('--maas', 'https://127.0.0.1:1/MAAS', 'no CA certificate'),
            ('--maas-key-file', 'half', 'must have three parts'),
            ('--resolver', 'dns', 'neither ADDRESS nor ADDRESS:PORT'),
            ('--out', 'made', 'it exists, and is left as it is'),
            ('--out', 'key', 'key is not a folder')):
        words = [word for pair in {**well, option: value}.items()
                 for word in pair]
        done = subprocess.run([PCGD, 'install', *words], cwd=room, timeout=10,
                              capture_output=True, text=True, check=False)
        assert done.returncode == (1 if option == '--out' else 2), done
        assert not done.stdout and said in done.stderr, done
        assert done.stderr.count('\n') == 1, done
    assert not palette.requests and not (room / 'new').exists()


for claim in (a_corrupt_store_is_refused_and_left_alone,
              a_full_disk_is_said_in_one_sentence_and_costs_nothing,
              a_state_that_cannot_be_written_is_said_in_one_sentence,
              what_it_writes_is_for_its_user_only,
              each_command_has_a_help_of_its_own,
              who_installs_it_wrongly_is_told_before_anybody_is_asked,
              whoever_asks_for_it_hears_of_each_exchange,
              a_second_one_on_the_same_state_is_refused,
              garbage_is_said_and_tried_slowly,
              a_truncated_answer_is_said_and_tried_slowly,
              an_endless_answer_is_said_and_tried_slowly,
              a_wrong_pairing_code_is_said_and_tried_slowly):
    with tempfile.TemporaryDirectory() as room:
        claim(pathlib.Path(room))
    print('held:', claim.__name__.replace('_', ' '), flush=True)
