import assert from "node:assert/strict";
import { addressIn } from "../../lab/network.js";
import { run } from "../../lab/run.js";
import type { Snapshot } from "../../lab/snapshot.js";
import { Site } from "../support/site.js";
import { type Config, meshConfig, type Ran, type Stack } from "../support/stack.js";

type HostEntry = Readonly<Record<string, unknown>>;

/** Each is refused at preview with its property, the value and what is allowed; no host is changed. */
describe("a bad input", () => {
  let site: Site;
  let stack: Stack;
  let fresh: ReadonlyMap<string, Snapshot>;

  before(async () => {
    site = await Site.up(
      process.env["LAB_PREFIX"] ?? "t2b",
      { alpha: "docker20", beta: "docker28" },
      { boxes: false },
    );
    stack = await site.stack("bad", meshConfig(site.lab));
    const beta = site.lab.host("beta");
    await beta.run("docker network create --subnet 172.30.77.0/24 theirs");
    await beta.run("ip link add lan1 type veth peer name lan1end");
    await beta.run("ip addr add 172.30.88.9/24 dev lan1 && ip link set lan1 up && ip link set lan1end up");
    await comeFrom(clientAddress);
    // sudo's first use leaves a mark of its own in the user's home.
    await Promise.all(site.lab.hosts.map((host) => host.ssh("sudo -n true", "admin")));
    fresh = await site.snapshots();
  });
  after(() => site?.down());
  afterEach(async () => assert.deepEqual(await site.changedSince(fresh), []));

  it("in the config is named together with all others", async () => {
    const preview = await previewOf(
      { subnet: "172.30.2.5/24", interface: "eth0;reboot" },
      { address: "010.0.0.1" },
      { pool: "172.30.0.1/16", maxUnavailable: 0 },
    );
    refused(
      preview,
      /the stack's config has 5 faults, nothing was changed/,
      /dockroute:pool: 172\.30\.0\.1\/16 has host bits set.*172\.30\.0\.0\/16/,
      /dockroute:hosts\[0\]\.subnet: 172\.30\.2\.5\/24 has host bits set.*172\.30\.2\.0\/24/,
      /dockroute:hosts\[0\]\.interface: "eth0;reboot" is not an interface name: .*allowed/,
      /dockroute:hosts\[1\]\.address: .*010\.0\.0\.1.*without leading zeros, like 192/,
      /dockroute:maxUnavailable: 0 is refused: a whole number from 1 is allowed/,
    );
  });

  it("is a gateway on no link of the host", async () => {
    const host = site.lab.host("beta").address;
    const preview = await previewOf({}, { address: "192.0.2.7", connection: { host } });
    refused(
      preview,
      /alpha, with eth0 \(.*\/24\).*, is on no link of beta \(192\.0\.2\.7\): .*; a direct route needs/,
    );
  });

  it("B1 is a range over the host's own address", async () => {
    const pool = "10.213.0.0/16";
    const hosts = site.lab.hosts.map(({ address }) => ({ address }));
    const inPool = await previewOf({}, {}, { pool });
    for (const { address } of hosts) refused(inPool, new RegExp(`${address} lies in the pool ${pool}`));

    // An address that the config does not tell, on the wire that the login comes over.
    const beta = site.lab.host("beta").address;
    const [own, pin] = [site.lab.subnet, site.lab.subnet];
    await peersElsewhere(async (addresses) => {
      const elsewhere = await previewOf(
        { address: addresses[0], connection: { host: hosts[0]?.address } },
        { address: addresses[1], subnet: pin, connection: { host: beta } },
        { pool },
      );
      refused(
        elsewhere,
        /beta-bridge/,
        new RegExp(`bip.*${pin} covers the network ${own} of eth0.*allowed is a range`, "s"),
      );
    });
  });

  for (const user of ["root", "admin"]) {
    it(`B1 is a range over the address that ${user}'s login comes from`, async () => {
      const subnet = clientAddress.replace(/\d+$/, "0/24");
      const connection = { user };
      const preview = await previewOf({ subnet, connection }, { connection }, { pool: "10.99.0.0/16" });
      refused(
        preview,
        /alpha-bridge/,
        new RegExp(`bip.*${subnet} covers the address that this login comes from, ${clientAddress}`, "s"),
      );
    });
  }

  it("B5 is a bip that overlaps a user-defined network of Docker's", async () => {
    const preview = await previewOf({}, { subnet: "172.30.77.0/24" });
    refused(
      preview,
      /beta-bridge/,
      /bip.*172\.30\.77\.0\/24 covers the network 172\.30\.77\.0\/24 of br-[0-9a-f]{12}.*allowed/s,
    );
  });

  it("B5 is a bip that overlaps the network of a second card", async () => {
    const preview = await previewOf({}, { subnet: "172.30.88.0/24" });
    refused(
      preview,
      /beta-bridge/,
      /bip.*172\.30\.88\.0\/24 covers the network 172\.30\.88\.0\/24 of lan1.*allowed/s,
    );
  });

  const clientAddress = "10.99.7.1";

  /** Logs in from an address that is on no link of the hosts, as through a router. */
  async function comeFrom(address: string): Promise<void> {
    const { lab } = site;
    const wire = `${lab.prefix}-op`;
    await run(["ip", "addr", "add", `${address}/32`, "dev", wire]);
    for (const host of lab.hosts) {
      await run(["ip", "route", "add", host.address, "dev", wire, "src", address]);
      await host.run(["ip", "route", "add", `${address}/32`, "via", addressIn(lab.subnet, 254)]);
    }
  }

  /** Gives each host a second address on its wire, outside the pool of the test. */
  async function peersElsewhere(work: (addresses: readonly string[]) => Promise<void>): Promise<void> {
    const addresses = site.lab.hosts.map((_, at) => `192.168.77.${at + 1}`);
    const all = (verb: string) =>
      Promise.all(site.lab.hosts.map((host, at) => host.run(`ip addr ${verb} ${addresses[at]}/24 dev eth0`)));
    await all("add");
    await work(addresses);
    await all("del");
  }

  function previewOf(alpha: HostEntry, beta: HostEntry, rest: Config = {}): Promise<Ran> {
    const config = meshConfig(site.lab);
    const own = [alpha, beta];
    const hosts = Object.values(Object(config["hosts"])).map((host, at) => ({ ...Object(host), ...own[at] }));
    stack.configure({ ...config, ...rest, hosts });
    return stack.preview();
  }
});

function refused(ran: Ran, ...reasons: readonly RegExp[]): void {
  assert.notEqual(ran.code, 0, ran.text);
  for (const reason of reasons) assert.match(ran.text, reason);
}
