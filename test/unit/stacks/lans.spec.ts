/** The key `dockroute:lans`: what the program reads and declares. */
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { readConfig, type StackConfig } from "../../../stacks/config.js";
import { ConfigError } from "../../../stacks/faults.js";
import { declareLans } from "../../../stacks/lans.js";
import { declareMesh } from "../../../stacks/resources.js";

const alpha = { name: "alpha", address: "192.168.1.11" };
const beta = { name: "beta", address: "192.168.1.12" };
const lan = {
  ...{ name: "lan", driver: "macvlan", subnet: "192.168.1.0/24", gateway: "192.168.1.1" },
  ...{ range: "192.168.1.128/25", hostPrefix: 28 },
};

function read(lans: unknown, hosts: readonly object[] = [alpha, beta]): StackConfig {
  const values = {
    "dockroute:pool": "172.30.0.0/16",
    "dockroute:hosts": JSON.stringify(hosts),
    "dockroute:lans": JSON.stringify(lans),
  };
  return readConfig({ values, secretKeys: [] });
}

function faultsOf(...args: Parameters<typeof read>): string {
  try {
    read(...args);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ property, reason }) => `${property}: ${reason}`).join("\n");
  }
  return "";
}

interface Made {
  readonly name: string;
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

async function declared(config: StackConfig): Promise<readonly Made[]> {
  const made: Made[] = [];
  const newResource = ({ type, name, inputs }: pulumi.runtime.MockResourceArgs) => {
    made.push({ name, type: type.split(":").at(-1) ?? type, inputs });
    return { id: name, state: inputs };
  };
  await pulumi.runtime.setMocks(
    { call: () => ({}), newResource },
    "dockroute",
    "test",
    false,
    "organization",
  );
  await pulumi.runtime.runInPulumiStack(async () => {
    declareLans(config, declareMesh(config));
  });
  await pulumi.runtime.disconnect();
  return made.filter(({ name }) => name.includes("-lan-"));
}

describe("the LANs of a stack's config", () => {
  it("are a LanNetwork on each host, with its own piece and its own parent", async () => {
    const pinned = { ...beta, lans: { lan: { range: "192.168.1.240/28", parent: "eth1" } } };
    const config = read([{ ...lan, exclude: ["192.168.1.130"], vlan: 50 }], [alpha, pinned]);
    const made = await declared(config);
    assert.deepEqual(
      made.map(({ name, type }) => `${name} ${type}`),
      ["alpha-lan-lan LanNetwork", "beta-lan-lan LanNetwork"],
    );
    const [first, second] = made.map(({ inputs }) => inputs);
    assert.deepEqual(
      [first?.["range"], first?.["reserved"], first?.["parent"], first?.["address"], first?.["vlan"]],
      ["192.168.1.128/28", ["192.168.1.130"], undefined, alpha.address, 50],
    );
    assert.deepEqual([second?.["range"], second?.["parent"]], ["192.168.1.240/28", "eth1"]);
  });

  it("have the routes of ipvlan-l3 to every other host's piece", async () => {
    const made = await declared(
      read([{ name: "l3", driver: "ipvlan-l3", subnet: "10.91.0.0/16", hostPrefix: 24 }]),
    );
    assert.deepEqual(
      made.map(({ name, type }) => `${name} ${type}`),
      [
        ...["alpha-lan-l3 LanNetwork", "beta-lan-l3 LanNetwork"],
        ...["alpha-lan-l3-to-beta PeerRoute", "beta-lan-l3-to-alpha PeerRoute"],
      ],
    );
    const { subnet, range } = made[1]?.inputs ?? {};
    assert.deepEqual([subnet, range], ["10.91.1.0/24", "10.91.1.0/24"]);
    const { destination, gateway } = made[2]?.inputs ?? {};
    assert.deepEqual([destination, gateway], ["10.91.1.0/24", beta.address]);
  });

  it("are refused with every fault at once, each with its key", () => {
    assert.match(faultsOf({}), /^dockroute:lans: is not a list/);
    assert.match(
      faultsOf([{ ...lan, drivers: "x" }]),
      /^dockroute:lans\[0\]\.drivers: is not known; known are name, driver/,
    );
    assert.match(
      faultsOf([{ ...lan, driver: "overlay" }]),
      /^dockroute:lans\[0\]\.driver: "overlay" is refused: macvlan, ipvlan/,
    );
    assert.match(
      faultsOf([{ ...lan, hostPrefix: undefined }]),
      /^dockroute:lans\[0\]\.hostPrefix: is missing/,
    );
    assert.match(
      faultsOf([{ ...lan, vlan: 4095, gateway: "10.0.0.1" }]),
      /lans\[0\]\.vlan: 4095[\s\S]*lans\[0\]\.gateway: /,
    );
    const other = { ...alpha, lans: { land: {}, lan: { ranges: "x" } } };
    assert.match(faultsOf([lan], [other, beta]), /^dockroute:hosts\[0\]\.lans\.lan\.ranges: is not known/);
    assert.match(
      faultsOf([lan], [{ ...alpha, lans: { land: {} } }, beta]),
      /^dockroute:hosts\[0\]\.lans\.land: there is no LAN "land"/,
    );
    assert.match(
      faultsOf([{ ...lan, subnet: "172.30.0.0/24", gateway: "172.30.0.1", range: "172.30.0.128/25" }]),
      /overlaps the pool 172/,
    );
  });
});
