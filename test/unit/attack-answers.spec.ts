/** Attack: a host that lies. Whatever it answers, messages and state are clean and small, and nothing of it runs. */
import assert from "node:assert/strict";
import type { Answer, Command } from "../../provider/engine/command.js";
import { DockrouteError } from "../../provider/engine/errors/error.js";
import { cannotBeAsked } from "../../provider/engine/errors/host.js";
import { type Facts, questionsOf } from "../../provider/engine/fact.js";
import type { Kind, OnHost } from "../../provider/engine/kind.js";
import { machineQuestion } from "../../provider/facts/machine.js";
import { batch } from "../../provider/host/exec/batch.js";
import { peerRoute } from "../../provider/resources/route/index.js";
import { KindLifecycle } from "../../provider/shells/lifecycle/lifecycle.js";
import { fixed, Sandbox, texts, unprintable } from "../support/hostile.js";
import { answer, moment, type When } from "../support/recorded.js";
import { kinds, ToldHost, ToldSession } from "../support/told-host.js";

const machine: Answer = { code: 0, stdout: "0123456789abcdef0123456789abcdef\n", stderr: "" };

/** Lies in place of a whole answer. */
function lies(words: readonly string[]): readonly Answer[] {
  const said = (stdout: string, code = 0): Answer => ({ code, stdout, stderr: "" });
  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  return [
    ...words.filter((word, at) => at < 3 || unprintable.test(word)).map((word) => said(word)),
    ...words.slice(0, 2).map((word): Answer => ({ code: 1, stdout: "", stderr: word })),
    ...["[]", "{}", "null", "[null]", "[[]]", "{}{}", '[{"ifname":{}}]', '{"nftables":[{}]}', deep].map(
      (text) => said(text),
    ),
    said('{"__proto__":{"polluted":"yes"},"ServerVersion":"28.5.2"}'),
    said(`{"nftables":[{"rule":{"chain":"__proto__","expr":[]}},{"chain":{"name":"__proto__"}}]}`),
    said("x".repeat(300_000)),
    said(`[${'{"ifname":"eth0","addr_info":[{"local":"10.0.0.1","prefixlen":24}]},'.repeat(1_000)}{}]`),
    said("-A FORWARD -s 1.2.3.4/32 -j DROP\n".repeat(2_000)),
    said("\u0000\ufffd\u001b[H".repeat(1000)),
    { code: undefined, stdout: "", stderr: "" },
    { code: 127, stdout: "", stderr: "sh: 1: not found" },
  ];
}

/** The recorded answer with each of its texts in turn replaced by a hostile one. */
function bent(real: Answer, words: readonly string[]): readonly Answer[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(real.stdout);
  } catch {
    const tokens = [...new Set(real.stdout.split(/\s+/))].filter(Boolean).slice(0, 15);
    return tokens.map((token, at) => ({
      ...real,
      stdout: real.stdout.replaceAll(token, words[at % words.length] ?? ""),
    }));
  }
  const leaves = [...new Set(texts(parsed))].filter((text) => text.length > 1).slice(0, 15);
  return leaves.map((leaf, at) => {
    const word = JSON.stringify(words[at % words.length] ?? "").slice(1, -1);
    return { ...real, stdout: real.stdout.replaceAll(JSON.stringify(leaf), `"${word}"`) };
  });
}

function clean(value: unknown, what: string): void {
  for (const text of texts(value)) {
    assert.doesNotMatch(text, unprintable, what);
    assert.ok(text.length <= 8100, `${what}: a text of ${text.length} characters`);
  }
}

describe("F4: a host that lies", function () {
  this.timeout(120_000);
  let sandbox: Sandbox;
  before(() => {
    sandbox = new Sandbox();
  });
  after(() => sandbox.remove());

  for (const [kind, name] of kinds) {
    it(`to the questions of a ${name} gets no lie into a message or the state, and nothing runs`, async () => {
      const words = fixed(sandbox.canary).filter((word) => word.length < 3000);
      const any = kind as unknown as Kind<OnHost, Facts<OnHost>>;
      let refused = 0;
      for (const [image, when] of [
        ["docker28", "fresh"],
        ["docker29-nft", "ours"],
      ] as const) {
        for (const question of questionsOf<OnHost>(any.facts, moment(image, "ours").wishes[name])) {
          const real = answer(image, when, question);
          for (const lie of when === "fresh" ? [...lies(words), ...bent(real, words)] : bent(real, words)) {
            refused += await meet(any, image, when, moment(image, "ours").wishes[name], question, lie);
          }
        }
      }
      const { unreadable, canary, scripts } = sandbox.run();
      assert.deepEqual({ unreadable, canary }, { unreadable: [], canary: false });
      assert.ok(scripts > 5 && refused > 50, `${scripts} scripts, ${refused} refusals`);
    });
  }

  /** Everything that the engine asks of a resource, on a host with one lie. Gives how often it ended in an error. */
  async function meet(
    kind: Kind<OnHost, Facts<OnHost>>,
    image: string,
    when: When,
    wish: OnHost,
    question: Command,
    lie: Answer,
  ): Promise<number> {
    const asked = question.argv.join(" ");
    const host = new ToldHost(wish.host, (each) =>
      each.argv.join(" ") === asked ? lie : each === machineQuestion ? machine : answer(image, when, each),
    );
    const session = new ToldSession(host);
    const life = new KindLifecycle(kind, session);
    const what = `${asked}: ${lie.stdout.slice(0, 200)}`;
    let errors = 0;
    const attempt = async (work: () => Promise<unknown>) => {
      try {
        // The former contents are kept byte for byte: they are the host's own file.
        const { before: _, ...shown } = Object((await work()) ?? {}).outs ?? {};
        clean(shown, what);
      } catch (error) {
        errors++;
        assert.ok(error instanceof DockrouteError, `${what}: ${String(error)}`);
        assert.ok(error.message.startsWith(wish.host), error.message);
        clean(error.message, what);
      }
    };
    const props = { ...wish };
    const { failures, inputs } = await life.check({}, props);
    clean([failures, inputs], what);
    const read = await life.read("x", props);
    clean(read, what);
    await attempt(() => life.create(props));
    await attempt(() => life.delete("x", props));
    clean(session.said, what);
    for (const script of host.scripts) if (script.length < 20_000) sandbox.add(script);
    return errors;
  }

  it("is no reason to end what concerns the others: refresh keeps what was known and says what it said", async () => {
    const wish = moment("docker28", "ours").wishes.route;
    const host = new ToldHost("alpha", () => ({ code: 0, stdout: "\u001b[31mno\u202e", stderr: "" }));
    const session = new ToldSession(host);
    const life = new KindLifecycle(peerRoute, session);
    const read = await life.read("alpha/to/beta", { ...wish });
    assert.deepEqual("props" in read && read.props["found"], [
      'not understood: the output of `ip -j -4 addr show` cannot be used: "no"',
    ]);
    assert.deepEqual((await life.check({}, { ...wish })).failures, []);
    const error = await life.create({ ...wish }).catch((thrown: unknown) => thrown);
    assert.ok(cannotBeAsked(error));
    assert.match(
      error.message,
      /^\w+: could not look at \w+\/to\/\w+: .*Nothing was changed\. Run `ip -j -4 addr show`/,
    );
  });

  it("tells its words in one clean line, also where it makes the marks itself", () => {
    const work = batch([], { stopAtFailure: true });
    const told = `${work.tellMark} busy \u001b[2Jroot\u202e@x\u0007${"y".repeat(9000)}\n`;
    const [busy = ""] = work.read(`\n${told}${work.ready}`, "").told.get("busy") ?? [];
    assert.match(busy, /^root@xy+ \[\.\.\. \d+ characters \.\.\.\] y+$/);
    assert.ok(busy.length < 600);
  });

  it("changes nothing that all objects inherit", () => {
    assert.equal(Reflect.get({}, "polluted"), undefined);
  });
});
