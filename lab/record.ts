import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Claims, due, undo } from "../provider/engine/claim.js";
import type { Answer, Command } from "../provider/engine/command.js";
import { type Facts, questionsOf, seenOf } from "../provider/engine/fact.js";
import type { Kind, OnHost } from "../provider/engine/kind.js";
import * as dockerNetworks from "../provider/facts/docker-networks.js";
import * as reversePath from "../provider/facts/reverse-path.js";
import { type DockerBridgeInputs, dockerBridge } from "../provider/resources/bridge/index.js";
import { type ForwardRuleInputs, forwardRule } from "../provider/resources/forward/index.js";
import { type MasqueradeRuleInputs, masqueradeRule } from "../provider/resources/masquerade/index.js";
import { type PeerRouteInputs, peerRoute } from "../provider/resources/route/index.js";
import type { Host } from "./host.js";
import { Lab } from "./lab.js";
import { eachOf, type Log, step, until } from "./run.js";

/** One question with its answer: test data that no one made up. */
export interface Recorded extends Answer {
  readonly argv: readonly string[];
}

/** A host at some moment: every question that the resources ask, and the wishes that were in force. */
export interface Moment {
  readonly image: string;
  readonly wishes: Wishes;
  readonly answers: readonly Recorded[];
}

export interface Wishes {
  readonly bridge: DockerBridgeInputs;
  readonly route: PeerRouteInputs;
  readonly masquerade: MasqueradeRuleInputs;
  readonly forward: ForwardRuleInputs;
  readonly ports: ForwardRuleInputs;
}

const mostPasses = 5;

/** One network of each sort that a host may have. */
const networks = [
  "side",
  "quiet --internal",
  "mail -o com.docker.network.bridge.name=br-mail",
  "open -o com.docker.network.bridge.gateway_mode_ipv4=routed",
  "plain -o com.docker.network.bridge.enable_ip_masquerade=false",
  "bound -o com.docker.network.host_ipv4=10.9.9.9 -o com.docker.network.bridge.host_binding_ipv4=127.0.0.1 " +
    "-o com.docker.network.bridge.enable_icc=false",
  "six --ipv6 --subnet fd00:77::/64 --subnet 172.24.0.0/16",
  "wire -d macvlan -o parent=eth0",
  "vlan -d ipvlan -o parent=eth0 --subnet 10.88.0.0/24",
];

/**
 * Saves, for each image, the answers of a host with two containers at four moments: fresh, with dockroute's own
 * things in place, after they were taken away again, and with networks of all sorts. The resources' own
 * commands make the first three differ.
 */
export async function record(
  images: readonly string[],
  target: string,
  log: Log,
  prefix = "record",
): Promise<void> {
  const specs = images.map((image) => ({ name: image.replaceAll("+", "-"), image }));
  const lab = await Lab.up({ prefix, hosts: specs, log });
  try {
    await eachOf(lab.hosts, 2, (host) =>
      step(log, `recorded ${host.image}`, () => recordHost(lab, host, join(target, host.image))),
    );
  } finally {
    await lab.down();
  }
}

async function recordHost(lab: Lab, host: Host, folder: string): Promise<void> {
  await host.run("docker run -d --name web --restart always -p 8080:80 lab/box httpd -f -h /var/www");
  await host.run("docker run -d --name idle lab/box sleep 100000");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const wishes = wishesFor(lab, host);
  const asked = [...resources(wishes).flatMap(({ questions }) => questions), reversePath.question()];
  const save = async (moment: string, all: readonly Command[] = asked): Promise<void> => {
    const questions = new Map(all.map((q) => [q.argv.join(" "), q]));
    const answers = await Promise.all([...questions.values()].map((question) => ask(host, question)));
    const text = JSON.stringify({ image: host.image, wishes, answers } satisfies Moment, null, 2);
    writeFileSync(join(folder, `${moment}.json`), `${text}\n`);
  };
  await save("fresh");
  for (const { make } of resources(wishes)) await make(host);
  await save("ours");
  for (const { undo } of resources(wishes).reverse()) await undo(host);
  await save("undone");
  await makeNetworks(host);
  await save("networks", [dockerNetworks.question]);
}

/** Docker's nftables backend has neither swarms nor, in this lab, IPv6. */
async function makeNetworks(host: Host): Promise<void> {
  const nftables = host.image.endsWith("-nft");
  for (const words of networks.filter((each) => !nftables || !each.includes("--ipv6"))) {
    const [name = "", ...options] = words.split(" ");
    await host.run(["docker", "network", "create", ...options, name]);
  }
  await host.run("docker run -d --name member --network side lab/box sleep 100000");
  if (nftables) return;
  await host.run("docker swarm init --advertise-addr eth0");
  const made = async () => (await host.exec("docker network inspect docker_gwbridge")).code === 0;
  await until("docker_gwbridge, which comes a moment after the swarm", 30_000, made);
}

function resources(wishes: Wishes) {
  return [
    resource(dockerBridge, wishes.bridge),
    resource(peerRoute, wishes.route),
    resource(masqueradeRule, wishes.masquerade),
    resource(forwardRule, wishes.forward),
    resource(forwardRule, wishes.ports),
  ];
}

function resource<I extends OnHost, F extends Facts<I>>(kind: Kind<I, F>, wish: I) {
  const questions = questionsOf<I>(kind.facts, wish);
  const untilDone = async (host: Host, dueOf: (claims: Claims) => readonly Command[]): Promise<void> => {
    let left = "";
    for (let pass = 0; pass < mostPasses; pass++) {
      const answers = await Promise.all(questions.map((question) => ask(host, question)));
      const commands = dueOf(kind.claims(wish, seenOf<I, F>(kind.facts, wish, questions, answers)));
      if (commands.length === 0) return;
      left = commands.map(({ why }) => why).join("; ");
      for (const { argv, stdin } of commands) {
        const { code, stderr } = await host.exec(argv, { input: stdin ?? "" });
        if (code !== 0) throw new Error(`${kind.id(wish)}: ${argv.join(" ")}: ${code}: ${stderr}`);
      }
    }
    throw new Error(`${kind.id(wish)}: still not as wanted after ${mostPasses} passes: ${left}`);
  };
  return {
    questions,
    make: (host: Host) => untilDone(host, due),
    undo: (host: Host) => untilDone(host, undo),
  };
}

async function ask(host: Host, { argv }: Command): Promise<Recorded> {
  const { code, stdout, stderr } = await host.exec(argv);
  const shown = argv[1] === "info" ? withoutPlaces(stdout) : stdout;
  return { argv, code, stdout: shown, stderr };
}

/** `docker info` names registries and proxies of the machine that recorded it, which are nobody's business. */
function withoutPlaces(text: string): string {
  const places = [
    "ID",
    "IndexServerAddress",
    "RegistryConfig",
    "HttpProxy",
    "HttpsProxy",
    "NoProxy",
    "Plugins",
    "KernelVersion",
    "MemTotal",
    "Runtimes",
  ];
  return JSON.stringify(JSON.parse(text), (key, value: unknown) =>
    places.includes(key) ? undefined : value,
  );
}

/** The part of the host itself, and of a made-up peer on the same wire. */
function wishesFor(lab: Lab, { name, address }: Host): Wishes {
  const host = { host: name, endpoint: `root@${address}:22` };
  const peer = lab.subnet.replace(/\.0\/24$/, ".99");
  const sources = ["172.30.32.0/20", `${peer}/32`].sort();
  return {
    bridge: { ...host, bip: "172.30.16.1/24", pools: ["172.30.16.0/20"], networkPrefix: 24 },
    route: { ...host, peer: "peer", destination: "172.30.32.0/20", gateway: peer },
    masquerade: { ...host, source: "172.30.16.0/20", exclude: ["172.30.32.0/20", "172.30.48.7/32"] },
    forward: { ...host, destination: "172.30.16.0/20", sources },
    ports: {
      ...host,
      destination: "172.30.16.7/32",
      sources,
      interfaces: ["eth0", "lo"],
      ports: ["icmp", "tcp/443", "udp/8000:8010"],
    },
  };
}
