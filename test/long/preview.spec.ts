/** The text that a person reads before saying yes: all findings at once, in terms of the hosts, and nothing besides. */
import assert from "node:assert/strict";
import { exchangeDocker } from "../../lab/upgrade.js";
import { natChain } from "../support/names.js";
import { Scene } from "../support/scene.js";
import { meshConfig, type Ran } from "../support/stack.js";

interface Entry {
  readonly name: string;
  readonly address: string;
}

describe("a preview", () => {
  let scene: Scene;
  let hosts: readonly Entry[];

  before(async () => {
    scene = await Scene.set(
      "seview",
      ["alpha", "beta", "gamma"].map((name) => ({ name, image: "docker26" })),
    );
    hosts = meshConfig(scene.lab)["hosts"] as readonly Entry[];
    await scene.startBoxes();
    await scene.lab.host("alpha").run("docker run -d --name once --stop-timeout 1 lab/box sleep 100000");
    for (const host of scene.lab.hosts) await host.exec("systemctl stop dockroute-repair.timer");
  });
  after(() => scene?.strike());

  const configure = (change: (entry: Entry) => object = (entry) => entry, more: object = {}, of = hosts) =>
    scene.stack.configure({ ...meshConfig(scene.lab), hosts: of.map(change), ...more });
  /** Each in the text, and none of the words that are nobody's business. */
  const says = (ran: Ran, ...words: readonly (RegExp | string)[]) => {
    for (const each of words) {
      if (typeof each === "string") assert(ran.text.includes(each), `${each}\n\n${ran.text}`);
      else assert.match(ran.text, each);
    }
    assert.doesNotMatch(ran.text, /__provider|createRequire|PRIVATE KEY|of a test|undefined|\[object/);
    const longest = Math.max(...ran.text.split("\n").map((line) => line.length));
    assert(longest < 600, `a line of ${longest} characters`);
  };

  it("gives every finding of all hosts at once, and goes on if none is an error", async () => {
    const [alpha, beta, gamma] = ["alpha", "beta", "gamma"].map((name) => scene.lab.host(name));
    const id = (await alpha?.run("cat /etc/machine-id"))?.trim() ?? "";
    const own = (await beta?.run("cat /etc/machine-id"))?.trim() ?? "";
    await alpha?.run(
      "ip link add wg0 type bridge && ip link set wg0 up && ip addr add 172.30.88.1/24 dev wg0 && " +
        "ip route add 172.30.64.0/20 dev wg0 && echo nameserver 172.30.53.53 >/etc/resolv.conf",
    );
    await beta?.run(`echo ${id} >/etc/machine-id; docker network create --subnet 172.30.77.0/24 side`);
    await gamma?.run("ip link set eth0 mtu 1400");
    try {
      says(
        succeeded(await scene.stack.preview()),
        "alpha: the pool 172.30.0.0/16 contains the network 172.30.88.0/24 of wg0; the route to 172.30.64.0/20 by wg0; the resolver 172.30.53.53: ",
        /beta: the pool 172\.30\.0\.0\/16 contains Docker's network 172\.30\.77\.0\/24 of br-[0-9a-f]{12}: /,
        `alpha and beta have the same machine-id, ${id}`,
        "gamma: its card takes packets of 1400 bytes, that of alpha 1500, beta 1500",
        "172.30.0.0/16 has room for 253 more of 256 hosts",
      );
      // The one with an address elsewhere is no neighbour of either; both say so, and nothing is changed.
      configure((entry) =>
        entry.name === "gamma"
          ? { ...entry, address: "192.0.2.77", connection: { host: entry.address } }
          : entry,
      );
      const refused = await scene.stack.preview();
      assert.notEqual(refused.code, 0);
      for (const name of ["alpha", "beta"]) {
        says(
          refused,
          new RegExp(
            `${name}, with eth0 \\(.*is on no link of gamma \\(192\\.0\\.2\\.77\\): between them is the gateway \\S+ on eth0`,
          ),
        );
      }
      says(refused, "alpha and beta have the same machine-id", "alpha: the pool");
      says(refused, "gamma: none of its cards has the address 192.0.2.77, only ");
    } finally {
      await alpha?.exec("ip link del wg0; rm /etc/resolv.conf");
      await beta?.exec(`echo ${own} >/etc/machine-id; docker network rm side`);
      await gamma?.exec("ip link set eth0 mtu 1500");
      configure();
    }
  });

  it("of a first up names the containers that stop and those that do not come back", async () => {
    says(
      await scene.preview(),
      /alpha: Docker restarts, because docker0 changes from 172\.17\.0\.1\/16 to 172\.30\.0\.1\/24; containers that stop: (box, once|once, box); come back by themselves: box; stay stopped, having no restart policy: once/,
      /beta: Docker restarts, .*; containers that stop: box; come back by themselves: box\n/,
      'bip       : "172.30.2.1/24"',
    );
    await scene.up();
    for (const host of scene.lab.hosts) await host.run("systemctl stop dockroute-repair.timer");
  });

  it("with nothing to do names nothing", async () => {
    const { text } = await scene.preview();
    assert.match(text, /16 unchanged/);
    assert.doesNotMatch(text, /^(alpha|beta|gamma): |warning/m);
  });

  it("of another part names old and new, and who is let in from now on", async () => {
    configure((entry) => (entry.name === "alpha" ? { ...entry, subnet: "172.30.9.0/24" } : entry));
    says(
      await scene.preview(),
      '~ bip     : "172.30.0.1/24" => "172.30.9.1/24"',
      '~ destination: "172.30.0.0/24" => "172.30.9.0/24"',
      "alpha moves from 172.30.0.0/24 to 172.30.9.0/24: Docker restarts there",
      "alpha: Docker restarts, because docker0 changes from 172.30.0.1/24 to 172.30.9.1/24; containers that stop: box; come back by themselves: box",
      "beta: let into 172.30.1.0/24: from now on also 172.30.9.0/24; no longer 172.30.0.0/24",
      "gamma: 172.30.2.0/24 keeps its own address towards: from now on also 172.30.9.0/24; no longer 172.30.0.0/24",
    );
    configure();
  });

  it("of a host with another address names old and new gateway", async () => {
    const all = (verb: string) =>
      Promise.all(
        scene.lab.hosts.map((host, at) => host.run(`ip addr ${verb} 192.168.77.${at + 1}/24 dev eth0`)),
      );
    await all("add");
    configure((entry) =>
      entry.name === "beta"
        ? { ...entry, address: "192.168.77.2", connection: { host: entry.address } }
        : entry,
    );
    const { address } = scene.lab.host("beta");
    says(
      await scene.preview(),
      `~ gateway    : "${address}" => "192.168.77.2"`,
      `alpha: let into 172.30.0.0/24: from now on also 192.168.77.2/32; no longer ${address}/32`,
      `beta: it sends to alpha, gamma from ${address}, and peers let in 192.168.77.2 alone`,
    );
    await all("del");
    configure();
  });

  it("of drift names what was found and what is wanted", async () => {
    const { address } = scene.lab.host("gamma");
    await scene.lab.host("alpha").run("ip route del 172.30.1.0/24; nft delete table ip dockroute");
    await scene.lab.host("beta").run(`ip route replace 172.30.0.0/24 via ${address} proto 219`);
    says(
      await scene.preview(),
      `alpha/to/beta: found route to 172.30.1.0/24: absent; wanted: put the route to 172.30.1.0/24 through ${scene.lab.host("beta").address} (beta) in place`,
      `beta/to/alpha: found gateway ${address}; wanted: put the route to 172.30.0.0/24 through`,
      `alpha/masquerade: found nat chain ${natChain("172.30.0.0/24")}: absent; wanted: let 172.30.0.0/24 keep its address`,
      `~ gateway    : "${address}" => "${scene.lab.host("alpha").address}"`,
    );
    await scene.up();
  });

  it("of a host that leaves names the restart of its Docker, and what the others lose", async () => {
    configure(undefined, { leaving: [{ name: "gamma" }] }, hosts.slice(0, 2));
    says(
      await scene.preview(),
      "gamma leaves: its routes and rules are removed, and docker0 and daemon.json become as before. For that Docker restarts there",
      "alpha: let into 172.30.0.0/24: no longer",
      /- pulumi-nodejs:dynamic\/dockroute:DockerBridge: \(delete\)\n *\[id=gamma\/bridge\]/,
    );
    configure(undefined, { leaving: [{ name: "gamma", gone: true }] }, hosts.slice(0, 2));
    says(await scene.preview(), "gamma leaves and is gone for good: nothing is undone on it");
    configure();
  });

  it("after an upgrade of Docker names what it closed", async () => {
    assert(await exchangeDocker(scene.lab.host("alpha"), "docker28"));
    says(
      await scene.preview(),
      /~ docker {2}: "26\.\S+" => "28\.\S+"/,
      "alpha: Docker 26.1 -> 28.5: packets to containers are dropped in raw PREROUTING until an accept stands before",
    );
  });
});

function succeeded(ran: Ran): Ran {
  assert.equal(ran.code, 0, ran.text);
  return ran;
}
