import assert from "node:assert/strict";
import { type Facts, questionsOf, type Seen, seenOf } from "../../provider/engine/fact.js";
import type { OnHost } from "../../provider/engine/kind.js";
import { asProgram } from "../../provider/host/exec/perl.js";
import { Hosts } from "../../provider/host/hosts.js";
import { dockerBridge } from "../../provider/resources/bridge/index.js";
import { forwardRule } from "../../provider/resources/forward/index.js";
import { masqueradeRule } from "../../provider/resources/masquerade/index.js";
import { peerRoute } from "../../provider/resources/route/index.js";
import { Site } from "../support/site.js";
import { meshConfig } from "../support/stack.js";

const images = { alpha: "docker20", beta: "docker29-nft" };

/** batch.pl answers questions without the programs that they name. What is read from its answers must be the same. */
describe("the answers of one process", () => {
  let site: Site;
  let hosts: Hosts;

  before(async () => {
    site = await Site.up(process.env["LAB_PREFIX"] ?? "t2a", images);
    const { privateKeyFile, knownHostsFile } = site.lab;
    const connection = JSON.stringify({ user: "root", privateKeyFile, knownHostsFile });
    hosts = new Hosts(
      (key) => (key === "dockroute:connection" ? connection : undefined),
      () => {},
    );
  });
  after(async () => {
    await hosts?.close();
    await site?.down();
  });

  /** A network of a person's own, a policy rule with a table, a route that refuses, files with odd ends. */
  const lived = `
    docker network create --label a=b own; docker run -d --name pub -p 8080:80 -p 127.0.0.1:81:81/udp --network own lab/box sleep 9999
    ip rule add pref 90 to 198.51.100.0/24 lookup 52; ip route add 198.51.100.0/24 dev lo table 52
    ip route add unreachable 192.0.2.0/24
    mkdir -p /etc/systemd/system/docker.service.d
    printf '[Service]\\nEnvironment=A=--bip=1\\n' >/etc/systemd/system/docker.service.d/own.conf; systemctl daemon-reload`;

  const all: readonly (readonly [Facts<never>, object])[] = [
    [dockerBridge.facts, {}],
    [peerRoute.facts, { gateway: "192.0.2.9" }],
    [masqueradeRule.facts, { exclude: ["172.30.1.0/24"], source: "172.30.0.0/24" }],
    [forwardRule.facts, { sources: ["172.30.1.0/24"], destination: "172.30.0.0/24" }],
  ];

  for (const when of ["before the first up", "after it"]) {
    it(`are those of the programs ${when}`, async () => {
      if (when === "after it") {
        const ran = await (await site.stack("answers", meshConfig(site.lab))).up();
        assert.equal(ran.code, 0, ran.text);
        await Promise.all(site.lab.hosts.map((host) => host.exec(["sh", "-c", lived])));
      }
      for (const { name, address } of site.lab.hosts) {
        const endpoint = `root@${address}:22`;
        for (const [facts, own] of all) {
          const inputs = { host: name, endpoint, ...own };
          const [quick, programs] = await read(facts as Facts<OnHost>, inputs);
          for (const fact of Object.keys(facts)) {
            assert.deepEqual(sorted(quick[fact]), sorted(programs[fact]), `${fact} of ${name}`);
          }
        }
      }
    });
  }

  async function read(facts: Facts<OnHost>, inputs: OnHost) {
    const host = hosts.get(inputs.host, inputs.endpoint);
    const questions = questionsOf(facts, inputs);
    const answers = await host.read(questions, "now");
    const byPrograms = await host.read(questions.map(asProgram), "now");
    const seen = (each: typeof answers): Seen<Facts<OnHost>> => seenOf(facts, inputs, questions, each);
    return [seen(answers), seen(byPrograms)] as const;
  }

  /** Docker's program sorts networks by name, and Docker itself does not. */
  function sorted(value: unknown): unknown {
    return Array.isArray(value) ? value.map((each) => JSON.stringify(each)).sort() : value;
  }
});
