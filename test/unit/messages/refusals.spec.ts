/** The messages for a person who wants a state that a host cannot have. */
import assert from "node:assert/strict";
import { dockerBridge } from "../../../provider/resources/bridge/index.js";
import { forwardRule } from "../../../provider/resources/forward/index.js";
import { masqueradeRule } from "../../../provider/resources/masquerade/index.js";
import { peerRoute } from "../../../provider/resources/route/index.js";
import { KindLifecycle } from "../../../provider/shells/lifecycle/lifecycle.js";
import { errors } from "../../support/errors.js";
import { readable } from "../../support/readable.js";
import { answer, moment } from "../../support/recorded.js";
import { ToldHost, ToldSession } from "../../support/told-host.js";

describe("a refusal by the state of a host", () => {
  const image = "docker28";
  const { bridge, route, masquerade, forward } = moment(image, "ours").wishes;
  const info = (change: object) => (text: string) => JSON.stringify({ ...JSON.parse(text), ...change });
  const cases: readonly (readonly [
    what: string,
    kind: unknown,
    wish: object,
    lies: Readonly<Record<string, (text: string) => string>>,
    ...(string | RegExp)[],
  ])[] = [
    [
      "a range over the host's own network",
      dockerBridge,
      { ...bridge, bip: "10.0.0.1/8" },
      {},
      /bip: 10\.0\.0\.0\/8 covers the network /,
    ],
    [
      "a gateway on no link",
      peerRoute,
      { ...route, gateway: "192.0.2.1" },
      {},
      /gateway: 192\.0\.2\.1 \(peer\) is on no link/,
    ],
    [
      "a route of someone else's",
      peerRoute,
      route,
      { "route show": () => `[{"dst":"${route.destination}","gateway":"10.1.1.1","dev":"eth0"}]` },
      /routed already, by someone else: .* via 10\.1\.1\.1 dev eth0/,
    ],
    [
      "an interface that is not there",
      masqueradeRule,
      { ...masquerade, interfaces: ["eth9"] },
      {},
      /there is no interface eth9; allowed is one of eth0/,
    ],
    [
      "the same for a forward rule",
      forwardRule,
      { ...forward, interfaces: ["eth9"] },
      {},
      /there is no interface eth9; allowed is one of eth0/,
    ],
    [
      "a daemon.json that is none",
      dockerBridge,
      bridge,
      { "cat /etc/docker": () => "{ // mine\n}" },
      /bip: \/etc\/docker\/daemon\.json is not plain JSON/,
    ],
    [
      "a key twice",
      dockerBridge,
      bridge,
      { "cat /etc/docker": () => '{"debug":true,"debug":false}' },
      /has the key "debug" twice/,
    ],
    [
      "a huge daemon.json",
      dockerBridge,
      bridge,
      { "cat /etc/docker": () => `{"x":"${"y".repeat(50_000)}"}` },
      /has 50\d{3} characters; .* at most 40000 are allowed/,
    ],
    [
      "rootless Docker",
      dockerBridge,
      bridge,
      { "docker info": info({ SecurityOptions: ["name=rootless"] }) },
      /host: Docker runs rootless here/,
    ],
    [
      "Docker as a snap",
      dockerBridge,
      bridge,
      { "docker info": info({ DockerRootDir: "/var/snap/docker" }) },
      /host: Docker is a snap here/,
    ],
    [
      "Podman",
      dockerBridge,
      bridge,
      { "docker info": () => '{"store":{}}' },
      /host: the command docker is Podman's here/,
    ],
    [
      "live-restore by the command line",
      dockerBridge,
      { ...bridge, bip: "172.30.99.1/24" },
      { "docker info": info({ LiveRestoreEnabled: true }) },
      /bip: dockerd has --live-restore/,
    ],
    [
      "no Docker",
      dockerBridge,
      bridge,
      { "docker info": () => "" },
      /cannot be changed now: Docker does not answer here/,
    ],
    [
      "no program ip",
      dockerBridge,
      bridge,
      { "ip -j": () => "sh: 1: ip: not found" },
      /could not look at .*: the output of `ip -j -4 addr show` cannot be used: "sh: 1: ip: not found"/,
    ],
  ];
  for (const [what, kind, wish, lies, ...parts] of cases) {
    it(`for ${what} names host, resource, property, value and what is allowed`, async () => {
      const host = new ToldHost("alpha", (question) => {
        const asked = question.argv.join(" ");
        const real = answer(image, "fresh", question);
        const lie = Object.entries(lies).find(([words]) => asked.includes(words))?.[1];
        return lie === undefined ? real : { ...real, code: 0, stdout: lie(real.stdout) };
      });
      const life = new KindLifecycle(kind as typeof dockerBridge, new ToldSession(host));
      const props = { ...wish, host: "alpha" };
      const error = await life.create(props).catch((reason: unknown) => reason);
      assert.ok(error instanceof errors.DockrouteError && !error.changedSomething, String(error));
      readable(error.message, "alpha", [/alpha\/(bridge|to\/|masquerade|forward)/, ...parts]);
    });
  }
});
