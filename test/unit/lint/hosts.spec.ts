import assert from "node:assert/strict";
import { Unreachable } from "../../../provider/engine/errors/host.js";
import type { Host } from "../../../provider/host/host.js";
import { lintHosts } from "../../../provider/lint/hosts.js";
import { questions as recorded } from "../../../provider/resources/host/network.js";
import { Session } from "../../../provider/shells/dynamic/session.js";
import { FakeHost } from "../../support/fake-host.js";
import { answers, images } from "../../support/recorded.js";

const [image = ""] = images;

/** A host of the lab, as it answered; or one that does not. */
function host(name: string, reached = true): Host {
  const fake: Host = new FakeHost(name);
  const look: Host["look"] = async (questions) => {
    if (!reached) throw new Unreachable(name, `root@${name}:22`, "no answer", "Look at its cable.");
    const known = answers(image, "fresh", recorded);
    return questions.map((question) => {
      if (question.argv.includes("get")) return { code: 2, stdout: "", stderr: "Network is unreachable" };
      const at = recorded.findIndex(({ argv }) => argv.join(" ") === question.argv.join(" "));
      return known[at] ?? { code: 0, stdout: "all/rp_filter:0\neth0/rp_filter:0\n", stderr: "" };
    });
  };
  return Object.assign(fake, { look });
}

describe("the look at all hosts before the first resource", () => {
  const entry = (name: string, address: string) => ({ name, address });
  const alpha = { entry: entry("alpha", "192.0.2.1"), host: host("alpha") };

  it("leaves out who does not answer, and still knows where that one is", async () => {
    const hosts = [alpha, { entry: entry("beta", "192.0.2.2"), host: host("beta", false) }];
    const found = await lintHosts({ pool: "172.30.0.0/16", hosts });
    assert.deepEqual(
      found
        .slice(0, 1)
        .map(({ level, text }) => [level, /^(.*?), with .* is on no link of (\S+)/.exec(text)?.slice(1)]),
      [["error", ["alpha", "beta"]]],
    );
    // The recorded host has another address than the entry, and is all that was seen.
    assert.deepEqual(
      found.slice(1).map(({ text }) => text.split(" the address ")[0]),
      ["alpha: none of its cards has"],
    );
  });

  it("says nothing of a mesh whose hosts are in no config", async () => {
    assert.deepEqual(await lintHosts({ hosts: [] }), []);
    const session = new Session([]);
    session.configure(() => undefined);
    assert.deepEqual(await session.lint(), []);
  });
});
