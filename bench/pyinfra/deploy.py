"""The mesh of dockroute as a pyinfra deploy. Each host's data: `bip`, `part`, `address`; for all: `card`."""

import json
from io import StringIO
from pathlib import Path

from pyinfra import host, inventory
from pyinfra.api import FactBase
from pyinfra.operations import files, server, systemd

mesh = Path(__file__).resolve().parent.parent / "mesh"


class DaemonJson(FactBase):
    """The keys of daemon.json; none where there is no such file."""

    default = dict

    def command(self):
        return "if [ -e /etc/docker/daemon.json ]; then cat /etc/docker/daemon.json; fi"

    def process(self, output):
        return json.loads("\n".join(output))


class Missing(FactBase):
    """What the script that is on the host would load."""

    default = list

    def command(self):
        return "if [ -x /usr/local/sbin/mesh ]; then /usr/local/sbin/mesh check; else echo script; fi"

    def process(self, output):
        return list(output)


peers = [
    {"address": peer.data.address, "part": peer.data.part}
    for peer in inventory.get_group("mesh")
    if peer.name != host.name
]

daemon_json = files.put(
    name="Set docker0's address, all other keys kept",
    src=StringIO(json.dumps({**host.get_fact(DaemonJson), "bip": host.data.bip}, indent=2) + "\n"),
    dest="/etc/docker/daemon.json",
    mode="644",
)

script = files.template(
    name="Put routes and rules into a script",
    src=str(mesh / "mesh.sh.j2"),
    dest="/usr/local/sbin/mesh",
    mode="755",
    card=host.data.card,
    part=host.data.part,
    peers=peers,
)

unit = files.put(
    name="Have it run after each start of Docker",
    src=str(mesh / "mesh.service"),
    dest="/etc/systemd/system/mesh.service",
    mode="644",
)

systemd.daemon_reload(name="Read the unit", _if=unit.did_change)

systemd.service(name="Enable it", service="mesh.service", running=None, enabled=True)

# One host at a time: not all containers of all hosts are to be away at once.
systemd.service(
    name="Restart Docker where docker0's address is new",
    service="docker.service",
    restarted=True,
    _if=daemon_json.did_change,
    _serial=True,
)

if host.get_fact(Missing):
    server.shell(name="Load what is missing now", commands=["/usr/local/sbin/mesh"])
else:
    server.shell(name="Load what is new", commands=["/usr/local/sbin/mesh"], _if=script.did_change)
