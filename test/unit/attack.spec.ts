/** Attack: hostile words in every input of every resource. Refused by name, or a word like any other. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { due, undo } from "../../provider/engine/claim.js";
import { type Command, quote } from "../../provider/engine/command.js";
import { DockrouteError } from "../../provider/engine/errors/error.js";
import { type Facts, questionsOf, seenOf } from "../../provider/engine/fact.js";
import type { Kind, OnHost } from "../../provider/engine/kind.js";
import { KindLifecycle } from "../../provider/shells/lifecycle/lifecycle.js";
import type { Props } from "../../provider/shells/lifecycle/props.js";
import { fixed, hostile, Sandbox, texts, unprintable } from "../support/hostile.js";
import { answer, moment } from "../support/recorded.js";
import { kinds, ToldHost, ToldSession } from "../support/told-host.js";

/** With its iptables and with its nftables backend. */
const images = ["docker28", "docker29-nft"];

/** The outcome of an attack on one resource. */
interface Outcome {
  readonly refused: readonly string[];
  readonly scripts: readonly string[];
  readonly said: readonly string[];
}

/** @param goOn past the refusal, to see the fate of the words if nothing had refused them */
async function attack<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  image: string,
  props: Props,
  goOn: boolean,
): Promise<Outcome> {
  const host = new ToldHost("alpha", (question: Command) => answer(image, "fresh", question));
  const session = new ToldSession(host);
  const life = new KindLifecycle(kind, session);
  const said: string[] = [];
  const attempt = async (work: () => Promise<unknown>) => {
    await work().catch((error: unknown) => {
      assert.ok(error instanceof DockrouteError, `an error without a name: ${String(error)}`);
      said.push(error.message);
    });
  };
  const { failures } = await life.check({}, props);
  if (goOn) {
    const inputs = props as unknown as I;
    const questions = questionsOf<I>(kind.facts, inputs);
    const seen = seenOf<I, F>(kind.facts, inputs, questions, await host.read(questions));
    for (const dueOf of [due, undo]) {
      try {
        const commands = dueOf(kind.claims(inputs, seen));
        await host.transact({ why: "attack", commands, undo: commands, verify: async () => {} });
      } catch {
        // Refused later than it should be is well enough here.
      }
    }
  }
  // The engine goes on only where check has nothing against it; a resource of an old state meets no check.
  await attempt(() => life.create(props));
  await attempt(() => life.read("alpha/x", props));
  await attempt(() => life.delete("alpha/x", props));
  return {
    refused: failures.map(({ property }) => property),
    scripts: host.scripts,
    said: [...said, ...session.said, ...failures.map(({ reason }) => reason)],
  };
}

/** The wish with one of its texts replaced: itself, or the first of a list. */
function withText(wish: object, property: string, text: string): Props {
  const old: unknown = Object.entries(wish).find(([key]) => key === property)?.[1];
  const isList = Array.isArray(old) || ["pools", "interfaces", "ports"].includes(property);
  return { ...wish, [property]: isList ? [text] : text };
}

describe("F1: a hostile word", function () {
  this.timeout(120_000);
  let sandbox: Sandbox;
  before(() => {
    sandbox = new Sandbox();
  });
  after(() => sandbox.remove());

  it("would be seen if it got through", () => {
    for (const word of fixed(sandbox.canary).slice(0, 11)) sandbox.add(`ip route add ${word}\n`);
    const { canary, scripts } = sandbox.run();
    assert.ok(canary && scripts === 11);
    sandbox.add(`sh -c "ip route add $(cat <<'X'\n${fixed(sandbox.canary)[0]}\nX\n)"\n`);
    assert.ok(sandbox.run().canary);
  });

  it("is the same word again behind the one function that quotes", () => {
    const words = fixed(sandbox.canary).filter((word) => !word.includes("\0") && word.length < 50_000);
    for (const word of words) sandbox.add(`ip route add ${quote([word, word])}\n${quote([word])}\n`);
    assert.deepEqual(sandbox.run(), { unreadable: [], scripts: words.length, canary: false });
  });

  for (const [kind, name] of kinds) {
    it(`in any input of a ${name} is refused by name, and does nothing`, async () => {
      const any = kind as unknown as Kind<OnHost, Facts<OnHost>>;
      for (const property of ["host", "endpoint", ...Object.keys(kind.changes)]) {
        let refusals = 0;
        const tried = async (word: string, image: string, goOn: boolean) => {
          const wish = moment(image, "ours").wishes[name];
          const outcome = await attack(any, image, withText(wish, property, word), goOn);
          for (const script of outcome.scripts) sandbox.add(script);
          // It is refused where it stands. Some words are valid: "constructor" is a host's name.
          const [first] = outcome.refused;
          if (first !== undefined) refusals++;
          if (first !== undefined) assert.equal(first.replace(/\[0\]$/, ""), property, word);
          for (const text of outcome.said) {
            assert.doesNotMatch(text, unprintable);
            assert.ok(text.length < 8200, `${text.length} characters for one word`);
          }
        };
        const [image = "", ...others] = images;
        const words = fixed(sandbox.canary);
        for (const word of words) await tried(word, image, true);
        for (const other of others) for (const word of words) await tried(word, other, false);
        await fc.assert(
          fc.asyncProperty(hostile(sandbox.canary), (word) => tried(word, image, false)),
          { numRuns: 30 },
        );
        assert.ok(refusals > 2 * words.length - 12, `${property}: ${refusals} refused`);
      }
      const { unreadable, canary, scripts } = sandbox.run();
      assert.deepEqual({ unreadable, canary }, { unreadable: [], canary: false });
      assert.ok(scripts > 100, `${scripts} scripts were run`);
    });
  }

  it("has no effect on what all objects inherit", () => {
    assert.deepEqual(texts({}), []);
    assert.equal(Reflect.get({}, "polluted"), undefined);
  });
});
