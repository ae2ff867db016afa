/** Hosts come, go, are exchanged and swap their parts; the others are not touched. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Host } from "../../lab/host.js";
import { boxAddress } from "../../lab/probe.js";
import { run } from "../../lab/run.js";
import { differences, snapshot } from "../../lab/snapshot.js";
import { amiss } from "../support/mesh.js";
import { changed, dockers, Scene, threeHosts } from "../support/scene.js";
import { type Config, meshConfig } from "../support/stack.js";

type Entry = Readonly<Record<string, unknown>> & { readonly name: string };

describe("members of a mesh", () => {
  let scene: Scene;
  /** A pool of four parts: with four hosts no other is free. */
  const small = "172.30.0.0/22";
  const trio = ["alpha", "beta", "gamma"];

  const host = (name: string) => scene.lab.host(name);
  const entry = (name: string, more: object = {}): Entry => ({ name, address: host(name).address, ...more });
  const write = (hosts: readonly Entry[], more: Config = {}) =>
    scene.stack.configure({ ...meshConfig(scene.lab, [], small), ...more, hosts });
  const mesh = async (...names: string[]) => assert.deepEqual(await amiss(names.map(host)), []);
  const settled = async () => assert.deepEqual(changed(await scene.preview()), []);
  const plan = async () => (await scene.stack.outputs())["plan"] as Record<string, { subnet: string }>;

  before(async () => {
    const more = ["delta", "epsilon", "other"].map((name, at) => ({
      name,
      image: `docker2${[8, 6, 0][at]}`,
    }));
    scene = await Scene.set("t1memb", [...threeHosts, ...more], (lab) => meshConfig(lab, trio, small));
    await host("delta").run(ownLogin);
    await scene.startBoxes();
    await scene.up();
  });
  after(() => scene?.strike());

  it("a fourth host is added with three lines and one up, and nobody else's Docker or containers are touched", async () => {
    const was = await untouched(trio.map(host));
    write([...trio.map((name) => entry(name)), entry("epsilon")]);
    await scene.up();
    assert.deepEqual(await untouched(trio.map(host)), was);
    await mesh(...trio, "epsilon");
    await settled();
  });

  it("it is removed again and restored, and no route to it is left anywhere", async () => {
    const was = await untouched(trio.map(host));
    write(trio.map((name) => entry(name)));
    await scene.up();
    assert.deepEqual(await untouched(trio.map(host)), was);
    assert.deepEqual(await traces(trio.map(host), "172.30.3.0"), []);
    assert.deepEqual(await traces([host("epsilon")], "dockroute|172\\.30\\."), []);
    assert.match(await boxAddress(host("epsilon")), /^172\.17\./);
    await settled();
  });

  it("a host with a port, user and key of its own leaves through dockroute:leaving as by destroy", async () => {
    await ownKey(scene, host("delta"));
    const hostKey = (await host("delta").run("cat /etc/ssh/ssh_host_ed25519_key.pub")).trim();
    const privateKeyFile = `${scene.stack.folder}/own_key`;
    const connection = { port: 2222, user: "admin", privateKeyFile, hostKey };
    // sudo leaves a note in the home of a user who uses it for the first time.
    await host("delta").run("su admin -c 'sudo -n true'");
    const was = await snapshot(host("delta"));
    write([...trio.map((name) => entry(name)), entry("delta", { connection })]);
    await scene.up();
    await mesh(...trio, "delta");
    write(
      trio.map((name) => entry(name)),
      { leaving: [{ name: "delta", connection }] },
    );
    await scene.up();
    assert.deepEqual(differences(was, await snapshot(host("delta"))), []);
    assert.deepEqual(await traces(trio.map(host), "172.30.3.0"), []);
    await settled();
  });

  it("a freed part goes to a new host in the same up", async () => {
    write([...trio.map((name) => entry(name)), entry("epsilon")]);
    await scene.up();
    const freed = (await plan())["epsilon"]?.subnet;
    write([...trio.map((name) => entry(name)), entry("other")]);
    await scene.up();
    assert.equal((await plan())["other"]?.subnet, freed);
    await mesh(...trio, "other");
    assert.deepEqual(await traces([host("epsilon")], "dockroute|172\\.30\\."), []);
    await settled();
  });

  it("two hosts that swap their pins leave the mesh whole", async () => {
    const now = await plan();
    const pin = (name: string, as: string) => entry(name, { subnet: now[as]?.subnet });
    write([pin("alpha", "beta"), pin("beta", "alpha"), entry("gamma"), entry("other")]);
    await scene.up();
    assert.equal((await plan())["alpha"]?.subnet, now["beta"]?.subnet);
    await mesh(...trio, "other");
    await settled();
  });

  it("a host exchanged for another machine under its name", async () => {
    const { subnet } = (await plan())["other"] ?? {};
    const now = await plan();
    const rest = trio.map((name) => entry(name, { subnet: now[name]?.subnet }));
    write([...rest, { name: "other", address: host("epsilon").address }]);
    await scene.up();
    assert.equal((await plan())["other"]?.subnet, subnet);
    await mesh(...trio, "epsilon");
    assert.deepEqual(await traces([host("other")], "dockroute|172\\.30\\."), []);
    assert.deepEqual(await traces(trio.map(host), host("other").address), []);
    await settled();
  });
});

/** An sshd of its own for admin alone, on port 2222. */
const ownLogin = "printf 'Port 22\\nPort 2222\\n' > /etc/ssh/sshd_config.d/own.conf; systemctl restart ssh";

/** A key that opens admin's login on this one host and no other. */
async function ownKey(scene: Scene, host: Host): Promise<void> {
  const file = `${scene.stack.folder}/own_key`;
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file]);
  await host.run("cat > /home/admin/.ssh/authorized_keys", { input: readFileSync(`${file}.pub`) });
  await host.run(": > /root/.ssh/authorized_keys");
}

/** Things that must stay the same on the other hosts: dockerd, docker0, and each container's id, start and address. */
async function untouched(hosts: readonly Host[]): Promise<readonly string[]> {
  const asks = [
    "docker ps -q --no-trunc | xargs docker inspect -f '{{.Id}} {{.State.StartedAt}} {{.NetworkSettings.IPAddress}}'",
    "ip -4 -o addr show docker0",
    "cat /etc/docker/daemon.json",
  ];
  const said = await Promise.all(hosts.map((host) => host.run(asks.join("; "))));
  return [...(await dockers(hosts)), ...said];
}

/** Lines of the hosts' routes, rules and files of ours in which something is still named. */
async function traces(hosts: readonly Host[], pattern: string): Promise<readonly string[]> {
  const everything =
    "ip route; iptables-save; nft list ruleset; grep -r . /etc/dockroute /etc/docker/daemon.json 2>/dev/null; ls /etc /etc/systemd/system; ip -4 addr";
  const all = await Promise.all(
    hosts.map(async (host) => (await host.run(`{ ${everything}; } | grep -E '${pattern}' || :`)).split("\n")),
  );
  return all.flat().filter((line) => line !== "");
}
