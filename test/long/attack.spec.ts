/** A real host whose programs give wrong answers: the up fails for it alone, readably, and harms neither side. */
import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { unprintable } from "../support/hostile.js";
import { sample } from "../support/sampler.js";
import { Site } from "../support/site.js";
import { meshConfig, type Stack } from "../support/stack.js";

const canary = "/tmp/dockroute-attack-canary";
const touch = `touch ${canary}`;
const socket = "/run/docker.sock";

/** Shell, in place of the program's own work. */
const lies = {
  garbage: "exec head -c 5000 /dev/urandom",
  hostile: `printf '%s' '\\033[2J\\033[31m$(${touch})\`${touch}\`; ${touch}\\u202e' "\\"; ${touch}; \\""; exit 0`,
  huge: "exec head -c 60000000 /dev/zero",
  endless: "exec yes '[{}]'",
  "a drip": "while :; do printf x; /bin/sleep 0.2; done",
} as const;

/** Only our scripts, which have a PATH of their own, are lied to: dockerd is to go on. */
const shim = (program: string, lie: string): string => `#!/bin/sh
case $PATH in */snap/bin) ${lie} ;; esac
for real in /usr/sbin/${program} /usr/bin/${program}; do [ ! -x $real ] || exec $real "$@"; done
`;

const cases: readonly (readonly [programs: string, lie: keyof typeof lies, said: RegExp])[] = [
  [
    "ip",
    "garbage",
    /alpha: could not look at alpha\/bridge: the output of `ip -j -4 addr show` cannot be used/,
  ],
  [
    "nft",
    "hostile",
    /alpha: could not look at alpha\/\w+: the output of `nft -j list table ip dockroute` cannot be used/,
  ],
  [
    "nft",
    "endless",
    /alpha: could not look at the host: the output of `nft .*` cannot be used: it is longer than 32 MiB/,
  ],
  ["docker", "garbage", /alpha: alpha\/bridge cannot be changed now: Docker does not answer here/],
  // docker0 is made from here on: it asks nothing of iptables.
  [
    "iptables-save iptables",
    "huge",
    /alpha: could not look at the host: the output of `iptables .*` cannot be used: it is longer than 32 MiB/,
  ],
  [
    "ip",
    "a drip",
    /alpha \(root@.*\): the connection was lost at the step "read the addresses": it took longer than 15 s/,
  ],
];

describe("F4: a host whose programs lie", function () {
  this.timeout(900_000);
  let site: Site;
  let stack: Stack;
  const alpha = () => site.lab.host("alpha");

  before(async () => {
    rmSync(canary, { force: true });
    site = await Site.up("atk", { alpha: "docker28", beta: "docker26" }, { boxes: false });
    const config = meshConfig(site.lab);
    const connection = { ...Object(config["connection"]), totalTimeout: 15, dialErrorLimit: 1 };
    stack = await site.stack("attack", { ...config, connection });
  });
  after(() => site?.down());

  for (const [programs, lie, said] of cases) {
    it(`${programs} answers with ${lie}: the up fails for it alone, and says so`, async () => {
      const paths = programs.split(" ").map((program) => ({ program, path: `/usr/local/sbin/${program}` }));
      for (const { program, path } of paths)
        await alpha().run(`cat >${path}; chmod 755 ${path}`, { input: shim(program, lies[lie]) });
      // Docker's program is asked only where its socket gives no answer.
      if (programs === "docker") await alpha().run(`mv ${socket} ${socket}.aside`);
      const sampled = sample(`PULUMI_BACKEND_URL=file://${stack.folder}`);
      try {
        const up = await stack.up("--continue-on-error");
        assert.notEqual(up.code, 0, up.text);
        assert.match(up.text, said);
        assert.doesNotMatch(up.text, unprintable);
        assert.ok(up.text.length < 200_000, `${up.text.length} characters`);
        const blamed = [...up.text.matchAll(/(?:error:|\*) (alpha|beta)[ :]/g)].map(([, host]) => host);
        assert.deepEqual([...new Set(blamed)], ["alpha"], up.text);
        assert.doesNotMatch(await stack.export(), /\\u001b|\\u202e/);
        assert.ok((await stack.export()).length < 500_000);
      } finally {
        const { memory } = sampled();
        await alpha().run(`rm ${paths.map(({ path }) => path).join(" ")}`);
        if (programs === "docker") await alpha().run(`mv ${socket}.aside ${socket}`);
        const provider = [...memory].filter(([line]) => line.includes("dynamic-provider"));
        assert.ok(provider.length > 0, [...memory.keys()].join("\n"));
        for (const [line, bytes] of provider) assert.ok(bytes < 450 * 1024 * 1024, `${line}: ${bytes} bytes`);
      }
      assert.ok(!existsSync(canary), "a canary on the client");
      assert.equal((await alpha().exec(["test", "-e", canary])).code, 1, "a canary on the host");
      assert.equal(
        (await alpha().exec(["test", "-e", "/etc/dockroute/pending"])).code,
        1,
        "a change is left pending",
      );
    });
  }

  it("and when they tell the truth again, the next up ends well", async () => {
    const up = await stack.up("--continue-on-error");
    assert.equal(up.code, 0, up.text);
    const again = await stack.preview();
    assert.doesNotMatch(again.text, /to (create|update|replace|delete)/);
  });
});
