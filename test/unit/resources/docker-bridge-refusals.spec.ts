import assert from "node:assert/strict";
import type { BridgeSeen, DockerBridgeInputs } from "../../../provider/resources/bridge/index.js";
import {
  daemonJson,
  dockerHas,
  fresh,
  onLink,
  refusals,
  warnings,
  wish,
} from "../../support/recorded-bridge.js";

describe("a bridge", () => {
  const wire = `${wish.endpoint.replace(/^root@|\.\d+:22$/g, "")}`;
  const comments = { ...fresh, file: { ...fresh.file, text: "{} // mine" } };
  const rootless = { ...fresh, daemon: { ...fresh.daemon, rootless: true } };
  const refused: readonly (readonly [
    what: string,
    wish: DockerBridgeInputs,
    seen: BridgeSeen,
    reasons: readonly string[],
  ])[] = [
    [
      "the whole wire",
      { ...wish, bip: `${wire}.200/24`, pools: undefined },
      fresh,
      [
        `${wire}.0/24 covers the network ${wire}.0/24 of eth0 and the default gateway ${wire}.1; allowed is a range that leaves them out`,
      ],
    ],
    [
      "a file with comments",
      wish,
      comments,
      [`${daemonJson} is not plain JSON (dockerd would not start with it either): mend it by hand first`],
    ],
    [
      "a rootless Docker",
      wish,
      rootless,
      [
        "Docker runs rootless here, in a network of its own that nothing can be routed to; use the system's Docker",
      ],
    ],
    [
      "a network larger than the pool",
      wish,
      dockerHas("br-0123456789ab", "172.30.0.1/16"),
      [
        "172.30.16.0/24 covers the network 172.30.0.0/16 of br-0123456789ab; allowed is a range that leaves them out",
        "172.30.16.0/20 covers the network 172.30.0.0/16 of br-0123456789ab; allowed is a range that leaves them out",
      ],
    ],
    ["nothing: Docker's own network in the pool", wish, dockerHas("br-0123456789ab"), []],
    ["nothing: a network with a bridge of its own name", wish, dockerHas("app0"), []],
    ["nothing: a network with a bridge named as another program's", wish, dockerHas("br-mail"), []],
    ["nothing: an internal network", wish, dockerHas("br-0123456789ab", undefined, { internal: true }), []],
    [
      "nothing: a swarm's bridge",
      wish,
      dockerHas("docker_gwbridge", undefined, { name: "docker_gwbridge" }),
      [],
    ],
    [
      "another program's bridge in the pool, though it is named as Docker's are",
      wish,
      onLink("br-0123456789ab", "172.30.17.1/24", fresh.dockerNetworks),
      [
        "172.30.16.0/20 covers the network 172.30.17.0/24 of br-0123456789ab; allowed is a range that leaves them out",
      ],
    ],
    [
      "nothing in the pools while Docker does not answer",
      wish,
      onLink("br-0123456789ab", "172.30.17.1/24", undefined),
      [],
    ],
    ["nothing: docker0's old address", { ...wish, pools: ["172.17.16.0/20"] }, fresh, []],
  ];
  for (const [what, inputs, seen, reasons] of refused) {
    it(`is refused for ${what}`, () => {
      assert.deepEqual(refusals(inputs, seen), reasons);
    });
  }

  it("tells which of Docker's networks lie outside the plan, by Docker's names", () => {
    const outside = dockerHas("app0", "172.18.0.1/16", { ranges: [{ subnet: "172.18.0.0/16" }] });
    const told =
      "these networks of Docker lie outside the plan, peers do not reach their containers: 172.18.0.0/16 (app)";
    assert.ok(warnings(wish, outside).includes(told));
    const internal = dockerHas("app0", "172.18.0.1/16", {
      ranges: [{ subnet: "172.18.0.0/16" }],
      internal: true,
    });
    assert.ok(!warnings(wish, internal).includes(told));
  });
});
