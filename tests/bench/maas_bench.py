#!/usr/bin/env python3
"""How fast `pcgsim serve maas` is, and WireMock and mountebank beside it.

    maas_bench.py PCGSIM HTTP_LOAD PEERS_DIRECTORY [SECONDS]

A region of 1,000 machines, journal to a file, every request signed and its
signature and nonce judged. Prints and asserts nothing but that all is answered.
The peers answer one machine's document from the simplest stub they have, and
keep no state. They are installed from npm into PEERS_DIRECTORY once; where
there is no npm, or nothing to install from, a line says so.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tree(pid):
    """A process and what it started (npm's launchers start the real one)."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [pid] + [p for c in children.split() for p in tree(int(c))]


def cpu(pid):
    total = 0
    for p in tree(pid):
        fields = pathlib.Path(f"/proc/{p}/stat").read_text().rpartition(")")[2]
        total += sum(map(int, fields.split()[11:13]))
    return total / TICKS


def memory(pid):
    total = 0
    for p in tree(pid):
        for line in open(f"/proc/{p}/status"):
            if line.startswith("VmRSS"):
                total += int(line.split()[1])
    return total / 1024


class Server:
    """Started, and waited for until it has answered once."""

    def __init__(self, args, port, **more):
        self.port = port
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            args, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, **more)
        while not self.answers():
            if self.process.poll() is not None:
                sys.exit(f"{args[0]} ended with {self.process.returncode}")
            if time.monotonic() - self.began > 60:
                sys.exit(f"{args[0]} does not answer")
            time.sleep(0.0005)
        self.start = time.monotonic() - self.began

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as s:
                s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                return bool(s.recv(100))
        except OSError:
            return False

    def stop(self):
        for p in reversed(tree(self.process.pid)):
            os.kill(p, signal.SIGTERM)
        self.process.wait()


def measure(what, load, server, paths, *options):
    before = cpu(server.process.pid)
    done = subprocess.run(
        [load, *options, "127.0.0.1", str(server.port)],
        input="\n".join(paths) + "\n", capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{what}: {done.stderr.strip()}")
    rate, median, slow, size, own = map(float, done.stdout.split())
    seconds = float(options[options.index("-s") + 1])
    used = cpu(server.process.pid) - before
    print(f"{what:40} {rate:8.0f}/s  p50 {median:6.0f} us  p99 {slow:6.0f} us"
          f"  {size:9.0f} bytes  server's CPU {used / seconds / rate * 1e6:6.1f}"
          f" us/request, {rate * size / 1e6:5.0f} MB/s", flush=True)


def facts(what, server):
    print(f"{what:40} first answer after {server.start * 1000:.0f} ms,"
          f" {memory(server.process.pid):.0f} MB", flush=True)


# ---- ours ----

def starts(what, start, count=15):
    """One start is a matter of luck; many are a figure."""
    took = []
    for _ in range(count):
        server = start()
        took.append(server.start * 1000)
        server.stop()
    took.sort()
    print(f"{what + ': first answer':40} of {count} starts after"
          f" {took[0]:.0f} to {took[-1]:.0f} ms, in the middle"
          f" {took[count // 2]:.0f} ms", flush=True)


def get(url, key, context=None):
    consumer, token, secret = key.split(":")
    oauth = (f'OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", '
             f'oauth_consumer_key="{consumer}", oauth_token="{token}", '
             f'oauth_signature="%26{secret}", '
             f'oauth_timestamp="{int(time.time())}", '
             f'oauth_nonce="{time.time_ns()}"')
    request = urllib.request.Request(url, headers={"Authorization": oauth})
    with urllib.request.urlopen(request, context=context) as answer:
        return answer.read()


def ours(pcgsim, load, seconds, directory, tls):
    port = free_port()
    credentials = directory / f"credentials-{port}"
    args = [pcgsim, "serve", "maas", "--machines", "1000", "--port", str(port),
            "--journal", directory / "journal", "--credentials", credentials]
    options = ["-s", seconds]
    if tls:
        args += ["--tls", "--ca-file", directory / "ca.pem"]
        options += ["-a", directory / "ca.pem"]
    kind = ServerTls if tls else Server
    name = "pcgsim, TLS" if tls else "pcgsim"
    starts(name, lambda: kind(args, port))
    server = kind(args, port)
    facts(f"{name}: start", server)
    key = json.loads(credentials.read_text())["apiKey"]
    options += ["-k", key]
    api = "/MAAS/api/2.0/machines/"
    context = None
    if tls:
        context = ssl.create_default_context(cafile=directory / "ca.pem")
    scheme = "https" if tls else "http"
    machines = json.loads(
        get(f"{scheme}://127.0.0.1:{port}{api}", key, context))
    paths = [f"{api}{m['system_id']}/" for m in machines]
    assert len(paths) == 1000
    document = get(
        f"{scheme}://127.0.0.1:{port}{paths[0]}", key, context).decode()
    measure(f"{name}: one of 1,000 machines", load, server, paths, *options)
    measure(f"{name}: list of 1,000 machines", load, server, [api],
            *options, "-c", "2")
    facts(f"{name}: afterwards", server)
    server.stop()
    return document


class ServerTls(Server):
    """It listens before it is furnished, and answers afterwards: ask in TLS.
    Whether its certificate is good is asked by the requests that count."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as s:
                # As clients do: what is asked goes out behind the handshake.
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self.context.wrap_socket(s) as tls:
                    tls.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    return bool(tls.recv(100))
        except OSError:
            return False


# ---- peers ----

def install(directory, package):
    """Its launcher, or None and a line that says why."""
    launcher = directory / "node_modules" / ".bin" / package[1]
    if launcher.exists():
        return launcher
    if not shutil.which("npm"):
        print(f"{package[0]}: skipped, there is no npm here")
        return None
    directory.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["npm", "install", "--prefix", directory, "--no-audit", "--no-fund",
         package[0]], capture_output=True, text=True)
    if done.returncode or not launcher.exists():
        print(f"{package[0]}: skipped, npm could not install it")
        return None
    return launcher


def wiremock(directory, load, seconds, document):
    launcher = install(directory, ("wiremock", "wiremock"))
    if not launcher:
        return
    if not shutil.which("java"):
        print("wiremock: skipped, there is no java here")
        return
    port = free_port()
    root = directory / "wiremock"
    (root / "mappings").mkdir(parents=True, exist_ok=True)
    stub = {"request": {"method": "GET", "url": "/machine"},
            "response": {"status": 200, "body": document,
                         "headers": {"Content-Length": str(len(document))}}}
    (root / "mappings" / "machine.json").write_text(json.dumps(stub))
    server = Server([launcher, "--port", str(port), "--root-dir", root], port)
    peer("WireMock", server, load, seconds)


def mountebank(directory, load, seconds, document):
    launcher = install(directory, ("mountebank", "mb"))
    if not launcher:
        return
    port, admin = free_port(), free_port()
    imposter = {"protocol": "http", "port": port, "stubs": [
        {"predicates": [{"equals": {"method": "GET", "path": "/machine"}}],
         "responses": [{"is": {
             "statusCode": 200, "body": document,
             "headers": {"Content-Length": str(len(document)),
                         "Connection": "keep-alive"}}}]}]}
    stubs = directory / "imposters.json"
    stubs.write_text(json.dumps({"imposters": [imposter]}))
    server = Server([launcher, "--port", str(admin), "--configfile", stubs,
                     "--nologfile"], port, cwd=directory)
    peer("mountebank", server, load, seconds)


def peer(name, server, load, seconds):
    facts(f"{name}: start", server)
    measure(f"{name}: one stub", load, server, ["/machine"], "-s", seconds)
    facts(f"{name}: afterwards", server)
    server.stop()


def main():
    pcgsim, load = map(os.path.abspath, sys.argv[1:3])
    peers = pathlib.Path(sys.argv[3]).absolute()
    seconds = sys.argv[4] if len(sys.argv) > 4 else "5"
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        document = ours(pcgsim, load, seconds, directory, False)
        ours(pcgsim, load, seconds, directory, True)
    wiremock(peers, load, seconds, document)
    mountebank(peers, load, seconds, document)


main()
