/** Case 3b: a network's bridge is called br-mail, as a network card's bridge may be; both firewall backends. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { boxAddress, fromBox, startBox } from "../../lab/probe.js";
import { hostPrefix20, pair, sceneOf } from "../support/cases.js";
import { betweenBoxes, places } from "../support/mesh.js";
import type { Scene } from "../support/scene.js";

/** With forwarding on before Docker, Docker leaves the policy of FORWARD at ACCEPT. */
const forwarding = { "etc/sysctl.d/90-forwarding.conf": "net.ipv4.ip_forward = 1\n" };
const hosts = pair({ files: forwarding }, { image: "docker29-nft" });

for (const [title, row, config] of [
  ["in the host's part", "3b", hostPrefix20],
  ["outside the plan", "3bout", {}],
] as const) {
  describe(`case 3b: a bridge called br-mail, ${title}`, () => {
    let scene: Scene;

    before(async () => {
      scene = await sceneOf(row, hosts, config);
      await scene.startBoxes();
      await scene.up();
      for (const host of scene.lab.hosts) {
        await host.run("docker network create -o com.docker.network.bridge.name=br-mail mail");
        for (const name of ["smtp", "imap"]) await startBox(host, name, [...quick, "--network", "mail"]);
      }
      // The next up takes notice of networks that were made after the first.
      await scene.up();
    });
    after(() => scene?.strike());

    for (const name of ["alpha", "beta"]) {
      it(`${name}'s containers in it reach each other and are seen as themselves`, async () => {
        const host = scene.lab.host(name);
        assert.deepEqual(await within(host, "smtp", "imap"), []);
        assert.deepEqual(await within(host, "imap", "smtp"), []);
      });
    }

    if (row === "3b")
      it("they reach the peer's containers and are reached, under their own addresses", async () => {
        const mail = await places(scene.lab.hosts, "smtp");
        const boxes = await places(scene.lab.hosts);
        assert.deepEqual(await betweenBoxes(mail, boxes, "smtp"), []);
        assert.deepEqual(await betweenBoxes(boxes, mail), []);
      });
  });
}

const quick = ["--restart", "always", "--stop-timeout", "1"];

/** [] where one container reaches the other in the same network by ICMP and TCP, under its own address. */
async function within(host: Host, from: string, to: string): Promise<readonly string[]> {
  const [own, address] = [await boxAddress(host, from), await boxAddress(host, to)];
  const answers = await fromBox(
    host,
    [
      { name: to, address },
      { name: to, address, port: 81 },
    ],
    from,
  );
  return answers.flatMap(({ target, reached, source }) => {
    const way = `${host.name}: ${from} to ${to} ${target.port ?? "by ICMP"}`;
    if (!reached) return [`${way}: no answer`];
    return source === undefined || source === own ? [] : [`${way}: seen as ${source}, not as ${own}`];
  });
}
