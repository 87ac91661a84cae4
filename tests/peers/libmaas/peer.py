"""The Python client, against a served MAAS.

It learns from describe/ what it can do, signs with PLAINTEXT, sends
multipart forms, checks every field that it is asked for by its type, and has
errors of its own: CallError, MachineNotFound.

peer.py FACTS
"""
import json
import sys
import time

import maas.client
from maas.client import bones
from maas.client.bones import CallError
from maas.client.enum import NodeStatus, PowerState
from maas.client.viscera.machines import MachineNotFound

FQDN = 'api-libmaas.maas'
TAG = 'tag-libmaas'
USER_DATA = b'#cloud-config\nruncmd: [ [ sh, -c, "exit 0" ] ]\n'

facts = json.load(open(sys.argv[1]))


class Broken(Exception):
    """A claim does not hold."""


def hold(claim, vital=False):
    """Run the function at once; say how it went."""
    def run(function):
        try:
            function()
        except Exception as error:
            why = ' '.join(str(error).split())
            print(f'not ok {claim}: {type(error).__name__}: {why}', flush=True)
            if vital:
                sys.exit(1)
        else:
            print('ok', claim, flush=True)
    return run


def need(claim):
    return hold(claim, vital=True)


def equal(what, got, want):
    if got != want:
        raise Broken(f'{what} is {got!r}, not {want!r}')


def refused(status, text, function, **arguments):
    try:
        function(**arguments)
    except CallError as error:
        equal('the status', error.status, status)
        if text is not None:
            equal('the body', error.content.decode(), text)
    else:
        raise Broken(f'it succeeds instead of {status} {text!r}')


def connect(key):
    return maas.client.connect(facts['url'], apikey=key)


# ---- logging in ----

client = session = plain = machine = record = None


@need('a good key connects, and is an administrator\'s')
def _():
    global client
    client = connect(facts['apiKey'])
    me = client.users.whoami()
    equal('the user', me.username, 'admin')
    equal('superuser', me.is_admin, True)


@hold('a key with a wrong secret is refused')
def _():
    consumer, token, secret = facts['apiKey'].split(':')
    wrong = connect(f'{consumer}:{token}:{"x" * len(secret)}')
    refused(401, None, wrong.users.whoami)


@hold('a key that nobody has is refused')
def _():
    unknown = connect(f'{"a" * 18}:{"b" * 18}:{"c" * 32}')
    refused(401, 'Authorization Error: Invalid API key.',
            unknown.users.whoami)


@hold('a user logs in with a password, and only with the right one')
def _():
    user = maas.client.login(facts['url'], username='plain',
                             password=facts['plainPassword'])
    equal('the user', user.users.whoami().username, 'plain')
    try:
        maas.client.login(facts['url'], username='plain', password='wrong')
    except bones.helpers.RemoteError as error:
        if ' 403 ' not in str(error):
            raise
    else:
        raise Broken('the wrong password does, too')


@need('nobody may ask for the version without a key')
def _():
    nobody = connect(None)
    equal('its beginning', nobody.version.get().version[:3],
          facts['version'])
    global plain
    plain = connect(facts['plainKey'])


# ---- what there is ----

def looks_ready(one):
    equal('the state', one.status, NodeStatus.READY)
    equal('its word', one.status_name, 'Ready')
    equal('the power', one.power_state, PowerState.OFF)
    equal('the zone', one.zone.name, 'default')
    equal('the pool', one.pool.name, 'default')
    equal('the domain', one.domain.name, 'maas')
    equal('the name', one.fqdn, one.hostname + '.maas')
    equal('addresses', list(one.ip_addresses), [])
    equal('the owner', one.owner, None)
    if not one.boot_interface.mac_address:
        raise Broken('it boots from no interface')
    if not [disk for disk in one.block_devices if disk.size > 0]:
        raise Broken('it has no disk')


@need('machines are listed')
def _():
    machines = list(client.machines.list())
    equal('the count', len(machines), facts['machines'])
    for one in machines:
        looks_ready(one)


@hold('zones and pools are listed')
def _():
    equal('zones', [z.name for z in client.zones.list()], ['default'])
    equal('pools', [p.name for p in client.resource_pools.list()],
          ['default'])


@hold('domains are listed')
def _():
    domains = list(client.domains.list())
    equal('the first', domains[0].name, 'maas')
    equal('its rule', domains[0].authoritative, True)


@hold('subnets are listed')
def _():
    subnet = list(client.subnets.list())[0]
    equal('the same again', client.subnets.get(subnet.id).cidr, subnet.cidr)
    equal('its VLAN', subnet.vlan.vid, 0)
    if not subnet.gateway_ip:
        raise Broken('it has no gateway')


@hold('boot resources are listed')
def _():
    names = {image.name for image in client.boot_resources.list()}
    if 'ubuntu/jammy' not in names:
        raise Broken(f'there are {names}')


@hold('a tag is made and put on a machine')
def _():
    tag = client.tags.create(TAG, comment='made by a test')
    one = list(client.machines.list())[-1]
    one.tags.add(tag)
    one = client.machines.get(one.system_id)
    equal('its tags', [t.name for t in one.tags], [TAG])


# ---- allocating ----

@hold('no match is MachineNotFound')
def _():
    try:
        client.machines.allocate(cpus=400)
    except MachineNotFound as error:
        equal('the body', error.__cause__.content.decode(),
              "No available machine matches constraints: [('cpu_count', "
              '[\'400\'])] (resolved to "cpu_count=400.0")')
    else:
        raise Broken('one is found')


@hold('a zone that is not there: 400 and its name')
def _():
    refused(400, '{"zone": ["No such zone(s): nowhere."]}',
            client.machines.allocate, zone='nowhere')


@need('the one machine that fits is allocated')
def _():
    global machine
    machine = client.machines.allocate(
        tags=[TAG], cpus=2, memory=4096, zone='default',
        architectures=['amd64'], agent_name='libmaas')
    equal('the state', machine.status, NodeStatus.ALLOCATED)
    equal('the owner', machine.owner.username, 'admin')
    equal('its tags', [t.name for t in machine.tags], [TAG])


@hold('somebody else\'s machine is forbidden: 403, no word')
def _():
    refused(403, '', plain.machines.get, system_id=machine.system_id)


@hold('a machine that is not there is not found')
def _():
    refused(404, 'No Machine matches the given query.',
            client.machines.get, system_id='zzzzzz')


# ---- deploying ----

@need('it is deployed with user data')
def _():
    machine.deploy(user_data=USER_DATA, distro_series='jammy')
    equal('the state', machine.status, NodeStatus.DEPLOYING)
    equal('the system', machine.osystem, 'ubuntu')


@hold('it is not deployed twice: 409')
def _():
    again = client.machines.get(machine.system_id)
    refused(409, "Can't deploy a machine that is in the 'Deploying' state",
            again.deploy)


@hold('it is not released by somebody else: 403, no word')
def _():
    # plain cannot even read it; the machine it asks for is read by admin.
    theirs = plain.machines.list
    equal('the rest', len(list(theirs())), facts['machines'] - 1)
    handler = bones.SessionAPI.connect(facts['url'],
                                       apikey=facts['plainKey'])[1]
    refused(403, '', handler.Machine.release, system_id=machine.system_id)


@need('it comes up Deployed, on, with an address')
def _():
    end = time.monotonic() + 60
    while machine.status == NodeStatus.DEPLOYING and time.monotonic() < end:
        time.sleep(0.2)
        machine.refresh()
    equal('the state', machine.status, NodeStatus.DEPLOYED)
    equal('the power', machine.power_state, PowerState.ON)
    equal('addresses', len(machine.ip_addresses), 1)
    link = list(machine.boot_interface.links)[0]
    equal('its link', link.ip_address, machine.ip_addresses[0])


@hold('its power is asked for')
def _():
    equal('it', machine.query_power_state(), PowerState.ON)


# ---- names: the lower half of this client, by what describe/ says ----

@need('a DNS resource is created with the address')
def _():
    global session, record
    session = bones.SessionAPI.connect(facts['url'],
                                       apikey=facts['apiKey'])[1]
    record = session.DNSResources.create(
        fqdn=FQDN, address_ttl='10', ip_addresses=machine.ip_addresses[0])
    equal('addresses', [a['ip'] for a in record['ip_addresses']],
          list(machine.ip_addresses))


@hold('it is modified')
def _():
    changed = session.DNSResource.update(id=record['id'], address_ttl='20')
    equal('its TTL', changed['address_ttl'], 20)
    equal('addresses', len(changed['ip_addresses']), 1)


@hold('it is read, and found by its name')
def _():
    read = session.DNSResource.read(id=record['id'])
    found = session.DNSResources.read(fqdn=FQDN)
    equal('what is found', found, [read])


@hold('it is deleted and gone')
def _():
    session.DNSResource.delete(id=record['id'])
    refused(404, 'No DNSResource matches the given query.',
            session.DNSResource.read, id=record['id'])


# ---- releasing ----

@need('it is released, and waited for until Ready')
def _():
    machine.release(comment='no longer needed', wait=True, wait_interval=1)
    machine.refresh()
    looks_ready(machine)


@hold('the tag is deleted')
def _():
    client.tags.get(TAG).delete()
    machine.refresh()
    equal('its tags', list(machine.tags), [])


print('done')
