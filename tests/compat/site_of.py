"""What the tests of `pcgsim import` and `pcgsim compat` need: a region with
something of everything, and a way to run a command."""
import json
import pathlib
import subprocess
import sys
import tempfile
import traceback
from concurrent import futures

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / 'daemon'))
from served import Served  # noqa: E402

OWNER_NOTE = 'only-the-owner-may-know'
SSH_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwnKeyOfTheOperator op@desk'
ALICE = 'aliceconsumerkey11:alicetokenkey11111:alicesecret11111111111111111111'
BMC_PASSWORD = 'bmc-password-7731'


def machine(number, status, **more):
    taken = status in (6, 10, 11)
    installed = status in (6, 11)
    return {'hostname': f'node-{number}', 'system_id': f'{0xabc000 + number:x}',
            'status': status, 'owner': 'alice' if taken else None,
            'power_type': 'ipmi', 'power_state': 'on' if status == 6 else 'off',
            'power_parameters': {'power_address': f'10.9.{number >> 8}.'
                                                  f'{number & 255}',
                                 'power_pass': BMC_PASSWORD},
            'cpu_count': 4 + number % 3, 'memory': 8192, 'storage': 480000.0,
            'architecture': 'amd64/generic',
            'osystem': 'ubuntu' if installed else '',
            'distro_series': 'jammy' if installed else '',
            'tag_names': ['ssd'] if number % 2 else [], 'locked': False,
            'zone': 'az-b' if number % 2 else 'default',
            'pool': 'trial' if status == 4 else 'default',
            'mac': [f'52:54:00:{number >> 8:02x}:{number & 255:02x}:01',
                    f'52:54:00:{number >> 8:02x}:{number & 255:02x}:02'],
            'owner_data': {'note': OWNER_NOTE} if taken else {},
            'ip_addresses': [f'10.8.{number // 200}.{number % 200 + 20}']
            if installed else [], **more}


def region(machines):
    return {
        'users': {'admin': {'is_superuser': True, 'ssh_keys': [SSH_KEY]},
                  'alice': {'is_superuser': False, 'api_key': ALICE},
                  'bob': {'is_superuser': False}},
        'zones': [{'name': 'default', 'description': '', 'id': 1},
                  {'name': 'az-b', 'description': 'second', 'id': 4}],
        'pools': [{'name': 'default', 'description': '', 'id': 0},
                  {'name': 'trial', 'description': 'to try', 'id': 3}],
        'domains': [{'name': 'maas', 'ttl': None, 'is_default': True, 'id': 0},
                    {'name': 'lab.example.com', 'ttl': 60, 'id': 2}],
        'tags': [{'name': 'ssd', 'comment': 'fast', 'definition': '',
                  'kernel_opts': ''}],
        'spaces': [{'name': 'prod', 'description': '', 'id': 1}],
        'fabrics': [{'name': 'fabric-0', 'id': 0, 'vlans': [
            {'id': 1, 'vid': 0, 'name': 'untagged', 'mtu': 1500,
             'dhcp_on': True, 'space': 'prod', 'primary_rack': 'rack01'},
            {'id': 3, 'vid': 20, 'name': 'mgmt', 'mtu': 9000,
             'dhcp_on': False, 'space': 'undefined'}]}],
        'subnets': [{'id': 1, 'cidr': '10.8.0.0/16', 'name': 'prod-net',
                     'gateway_ip': '10.8.0.1', 'dns_servers': ['10.8.0.2'],
                     'managed': True, 'vlan': {'id': 1}},
                    {'id': 2, 'cidr': '10.9.0.0/16', 'name': 'bmc-net',
                     'gateway_ip': None, 'dns_servers': [], 'managed': False,
                     'vlan': {'id': 3}}],
        'ipranges': [{'id': 1, 'type': 'dynamic', 'start_ip': '10.8.200.1',
                      'end_ip': '10.8.200.200', 'subnet': {'id': 1},
                      'user': {'username': 'admin'}, 'comment': 'boots'}],
        'racks': [{'system_id': 'rack01', 'hostname': 'rack-a',
                   'version': '3.5.10', 'architecture': 'amd64/generic',
                   'cpu_count': 4, 'memory': 8192, 'interfaces': [
                       {'name': 'eth0', 'mac_address': '52:54:00:ff:00:01',
                        'ip_address': '10.8.0.5', 'tags': []}]}],
        'images': [{'id': 1, 'name': 'ubuntu/jammy',
                    'architecture': 'amd64/ga-22.04', 'version': '20250101',
                    'files': [{'filename': 'squashfs', 'filetype': 'squashfs',
                               'sha256': 'ab' * 32, 'size': 1234}]},
                   {'id': 2, 'name': 'custom/cloudy',
                    'architecture': 'amd64/generic'}],
        'config': {'default_distro_series': 'jammy', 'node_timeout': 45},
        'machines': machines,
    }


def every_state():
    return [machine(1, 0), machine(2, 4), machine(3, 4), machine(4, 4),
            machine(5, 6), machine(6, 6, locked=True), machine(7, 8),
            machine(8, 10, owner='bob'), machine(9, 11)]


def write_region(room, machines):
    path = pathlib.Path(room) / 'region.json'
    path.write_text(json.dumps(region(machines)))
    return path


def serve(pcgsim, room, name, *options):
    """A served MAAS whose key is in .key_file."""
    room = pathlib.Path(room) / name
    room.mkdir()
    served = Served(pcgsim, 'maas', room, *options)
    enter = Served.__enter__

    class With:
        def __enter__(self):
            enter(served)
            served.key_file = room / 'key'
            served.key_file.write_text(served.facts['apiKey'] + '\n')
            return served

        def __exit__(self, *failure):
            return served.__exit__(*failure)
    return With()


def run(*command, **more):
    return subprocess.run([str(c) for c in command], capture_output=True,
                          text=True, timeout=120, **more)


def held(claim, pcgsim):
    with tempfile.TemporaryDirectory() as room:
        try:
            claim(pcgsim, pathlib.Path(room))
            return None
        except Exception:
            return traceback.format_exc()


def play(module, pcgsim):
    """Every function of the module that is a claim, each in a room of its
    own and all at once: they mostly wait."""
    claims = [item for item in vars(module).values()
              if getattr(item, 'is_claim', False)]
    pcgsim = pathlib.Path(pcgsim).resolve()
    with futures.ThreadPoolExecutor(len(claims)) as pool:
        ends = [pool.submit(held, item, pcgsim) for item in claims]
        for item, end in zip(claims, ends):
            print(end.result() or '', end='')
            print('FAIL ' if end.result() else 'ok   ', item.__name__,
                  flush=True)
    sys.exit(any(end.result() for end in ends))


def claim(function):
    function.is_claim = True
    return function
