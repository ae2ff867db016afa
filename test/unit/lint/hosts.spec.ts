import assert from "node:assert/strict";
import { Unreachable } from "../../../provider/engine/errors/host.js";
import { questionsOf } from "../../../provider/engine/fact.js";
import type { Host } from "../../../provider/host/host.js";
import { MeshLint } from "../../../provider/lint/hosts.js";
import type { Finding } from "../../../provider/lint/mesh.js";
import { network } from "../../../provider/resources/host/network.js";
import { Session } from "../../../provider/shells/lifecycle/session.js";
import { FakeHost } from "../../support/fake-host.js";
import { answers, images } from "../../support/recorded.js";

const [image = ""] = images;
const recorded = questionsOf(network, undefined);

/** A recorded host, which answers once `ready` resolves; or a host that cannot be reached. */
function host(name: string, reached = true, ready = Promise.resolve()): Host {
  const fake: Host = new FakeHost(name);
  const read: Host["read"] = async (questions) => {
    await ready;
    if (!reached) throw new Unreachable(name, `root@${name}:22`, "no answer", "Look at its cable.");
    const known = answers(image, "fresh", recorded);
    return questions.map((question) => {
      if (question.argv.includes("get")) return { code: 2, stdout: "", stderr: "Network is unreachable" };
      const at = recorded.findIndex(({ argv }) => argv.join(" ") === question.argv.join(" "));
      return known[at] ?? { code: 0, stdout: "all/rp_filter:0\neth0/rp_filter:0\n", stderr: "" };
    });
  };
  return Object.assign(fake, { read });
}

describe("the judgement of the mesh before its first resource", () => {
  const entry = (name: string, address: string) => ({ name, address });
  const alpha = { entry: entry("alpha", "192.0.2.1"), host: host("alpha") };
  const pool = "172.30.0.0/16";

  it("leaves out a host that cannot be asked, names it, and still knows its address", async () => {
    const hosts = [alpha, { entry: entry("beta", "192.0.2.2"), host: host("beta", false) }];
    const [offLink, ...others] = await new MeshLint({ pool, hosts }).judge();
    assert.equal(offLink?.level, "error");
    assert.match(offLink.text, /^alpha, with .* is on no link of beta/);
    assert.deepEqual(offLink.hosts, ["alpha"]);
    // The recorded host has another address than its entry.
    assert.deepEqual(
      others.map(({ level, text }) => [level, text.split(/ the address |\. One machine /)[0]]),
      [
        ["warning", "alpha: none of its cards has"],
        ["warning", "not yet compared with the other hosts: beta (it cannot be asked)"],
      ],
    );
  });

  it("judges a late host when it answers: one machine under two names is found all the same", async () => {
    let answer = () => {};
    const ready = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const late = { entry: entry("beta", "192.0.2.2"), host: host("beta", true, ready) };
    const mesh = new MeshLint({ pool, hosts: [alpha, late] }, 5);
    const soon = await mesh.judge();
    assert.match(soon.at(-1)?.text ?? "", /compared .*: beta \(no answer within 0\.005 s/);
    assert.doesNotMatch(soon.map(({ text }) => text).join("\n"), /one machine,/);
    answer();
    const then = await mesh.judgeWith("beta");
    const same = then.find(({ text }) => text.startsWith("alpha and beta are one machine"));
    assert.deepEqual([same?.level, same?.hosts], ["error", ["alpha", "beta"]]);
    assert.deepEqual(await mesh.judgeWith("beta"), []);
  });

  it("finds nothing in a mesh whose hosts are in no config", async () => {
    assert.deepEqual(await new MeshLint({ hosts: [] }).judge(), []);
    const session = new Session([]);
    session.configure(() => undefined);
    assert.deepEqual(await session.lint("alpha"), []);
  });

  it("refuses with every error at first, and then each host with its own", async () => {
    const found: Finding[] = ["alpha", "beta", "gamma"].map((name) => ({
      level: "error",
      hosts: name === "gamma" ? ["beta", "gamma"] : [name],
      text: `${name} is wrong`,
    }));
    const session = new Session([]);
    const judge = MeshLint.prototype.judge;
    MeshLint.prototype.judge = async () => found;
    try {
      const all = await Promise.all(["alpha", "beta", "delta"].map((name) => session.lint(name)));
      assert.deepEqual(all, [
        ["alpha is wrong", "beta is wrong", "gamma is wrong"],
        ["beta is wrong", "gamma is wrong"],
        [],
      ]);
    } finally {
      MeshLint.prototype.judge = judge;
    }
  });
});
