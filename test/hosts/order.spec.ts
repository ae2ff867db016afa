/** Rules that others put above ours are without effect on the plan, or preview names them by their text. */
import assert from "node:assert/strict";
import type { HostSpec } from "../../lab/lab.js";
import { until } from "../../lab/run.js";
import { Scene } from "../support/scene.js";

interface Rule {
  /** Its need on the host: a program, or a chain that Docker makes. */
  readonly needs?: "nft" | "DOCKER-USER";
  readonly put: string;
  readonly take: string;
  /** The text that preview must have; undefined where it must be without effect. */
  readonly named?: string;
}

const iptables = (table: string, chain: string, rule: string, named?: string): Rule => ({
  put: `iptables -t ${table} -I ${chain} 1 ${rule}`,
  take: `iptables -t ${table} -D ${chain} ${rule}`,
  ...(chain === "DOCKER-USER" ? { needs: chain } : {}),
  ...(named === undefined ? {} : { named }),
});
const nft = (rule: string, named?: string): Rule => ({
  put: `nft '${rule}'`,
  take: "nft delete table ip other",
  needs: "nft",
  ...(named === undefined ? {} : { named }),
});

const rules: Readonly<Record<string, Rule>> = {
  "a MASQUERADE of what leaves, at the top of POSTROUTING": iptables(
    "nat",
    "POSTROUTING",
    "-s 172.30.0.0/16 -o eth0 -j MASQUERADE",
  ),
  "a MASQUERADE of what comes in too": iptables(
    "nat",
    "POSTROUTING",
    "-s 172.30.0.0/16 -j MASQUERADE",
    "iptables -t nat: -A POSTROUTING -s 172.30.0.0/16 -j MASQUERADE",
  ),
  "a masquerade of another nft table, after ours": nft(
    'table ip other { chain c { type nat hook postrouting priority 95; oifname "eth0" masquerade; }; }',
  ),
  "a masquerade of another nft table, before ours": nft(
    "table ip other { chain c { type nat hook postrouting priority 50; ip saddr 172.30.0.0/16 masquerade; }; }",
    "nft table ip other, chain c: ip saddr 172.30.0.0/16 masquerade",
  ),
  "a DROP at the top of FORWARD": iptables(
    "filter",
    "FORWARD",
    "-d 172.30.0.0/16 -p tcp -m tcp --dport 81 -j DROP",
    "-A FORWARD -d 172.30.0.0/16 -p tcp -m tcp --dport 81 -j DROP",
  ),
  "a DROP at the top of DOCKER-USER": iptables(
    "filter",
    "DOCKER-USER",
    "-p tcp -m tcp --dport 81 -j DROP",
    "-A DOCKER-USER -p tcp -m tcp --dport 81 -j DROP",
  ),
  "a DROP at the top of raw PREROUTING": iptables(
    "raw",
    "PREROUTING",
    "-p icmp -j DROP",
    "iptables -t raw: -A PREROUTING -p icmp -j DROP",
  ),
  "a drop in another nft table": nft(
    "table ip other { chain c { type filter hook forward priority 5; tcp dport 81 drop; }; }",
    "nft table ip other, chain c: tcp dport 81 drop",
  ),
};

const pairs: readonly (readonly HostSpec[])[] = [
  [
    { name: "alpha", image: "docker26" },
    { name: "beta", image: "docker28" },
  ],
  [
    { name: "alpha", image: "docker20" },
    { name: "beta", image: "docker29-nft" },
  ],
  [
    { name: "alpha", image: "docker26", options: ["no nft"] },
    { name: "beta", image: "docker28", options: ["no nft"] },
  ],
];

for (const [at, pair] of pairs.entries()) {
  const title = pair.map(({ image, options = [] }) => [image, ...options].join(", ")).join(" and ");
  if (at === 0 || process.env["DOCKROUTE_MATRIX"] === "all")
    describe(`rules of others above ours, on ${title}`, () => order(`f2or${at}`, pair));
}

/** True unless the rule needs a chain that Docker's nftables backend does not have, or the program nft. */
function fits({ image, options = [] }: HostSpec, { needs }: Rule): boolean {
  return needs === "nft" ? !options.includes("no nft") : needs === undefined || image !== "docker29-nft";
}

function order(prefix: string, pair: readonly HostSpec[]): void {
  let scene: Scene;

  before(async () => {
    scene = await Scene.set(prefix, pair);
    await scene.startBoxes();
    await scene.up();
  });
  after(() => scene?.strike());

  /** Without nft the exemption is a rule of the same chain, and the repair puts it first again. */
  const withoutEffect = async (): Promise<void> => {
    if (pair.some(({ options = [] }) => options.includes("no nft")))
      await until("the repair", 60_000, async () => (await scene.amiss()).length === 0);
    await scene.whole();
  };

  for (const [what, rule] of Object.entries(rules)) {
    const { put, take, named } = rule;
    const names = pair.filter((spec) => fits(spec, rule)).map(({ name }) => name);
    if (names.length === 0) continue;
    it(`${what} is ${named === undefined ? "without effect" : "named by preview"}`, async () => {
      const hosts = names.map((name) => scene.lab.host(name));
      await Promise.all(hosts.map((host) => host.run(put)));
      try {
        if (named === undefined) await withoutEffect();
        else {
          assert.notDeepEqual(await scene.amiss(), []);
          const { text } = await scene.preview();
          for (const name of names)
            assert(
              text.split("\n").some((line) => line.includes(`${name}: `) && line.includes(named)),
              `${name}: ${named} in:\n${text}`,
            );
        }
      } finally {
        await Promise.all(hosts.map((host) => host.run(take)));
      }
      await scene.whole();
    });
  }
}
