import assert from "node:assert/strict";
import fc from "fast-check";
import { type Answer, type Command, keyOf } from "../../../provider/engine/command.js";
import {
  type Cheap,
  cheapQuestionsOf,
  commonQuestionsOf,
  costly,
  fact,
  factFor,
  questionsOf,
  type Seen,
  seenOf,
} from "../../../provider/engine/fact.js";
import type { Kind, OnHost } from "../../../provider/engine/kind.js";
import { said } from "../../support/recorded.js";

const q = (name: string, stdin?: string): Command => ({
  ...{ why: `ask ${name}`, argv: [name] },
  ...(stdin === undefined ? {} : { stdin }),
});

const facts = {
  links: fact([q("a")], (a) => [a.stdout]),
  both: fact([q("a"), q("b")], (a, b) => ({ a: a.code, b: b.stdout })),
  maybe: fact([q("d")], (d): string | undefined => d.stdout || undefined),
  running: costly([q("e")], (e) => e.stdout.length),
};
type AllSeen = Seen<typeof facts>;

/** A kind with an input that one of its questions depends on. */
interface Wish extends OnHost {
  readonly gateway: string;
}
const wish: Wish = { host: "alpha", endpoint: "root@192.168.1.1:22", gateway: "192.168.1.2" };
const withWay = {
  ...facts,
  way: factFor(
    ({ gateway }: Wish) => [q(`way to ${gateway}`)],
    ([answer]) => answer?.stdout,
  ),
};

const argvOf = (questions: readonly Command[]) => questions.map(({ argv }) => argv.join(" "));

describe("facts", () => {
  it("share a question that two of them ask", () => {
    assert.deepEqual(argvOf(questionsOf(facts, undefined)), ["a", "b", "d", "e"]);
    assert.deepEqual(argvOf(cheapQuestionsOf(facts, undefined)), ["a", "b", "d"]);
  });

  it("that depend on inputs are asked for each resource, and not before one is known", () => {
    const expected = ["a", "b", "d", "e", "way to 192.168.1.2"];
    assert.deepEqual(argvOf(questionsOf(withWay, wish)), expected);
    assert.deepEqual(argvOf(commonQuestionsOf(withWay)), ["a", "b", "d"]);
  });

  it("are read by name from the answers to their own questions", () => {
    const questions = questionsOf(withWay, wish);
    const answers = questions.map(({ argv }, at): Answer => said(argv.join(" "), at));
    assert.deepEqual(seenOf(withWay, wish, questions, answers), {
      ...{ links: ["a"], both: { a: 0, b: "b" }, maybe: "d", running: 1, way: "way to 192.168.1.2" },
    });
  });

  it("read an answer of nobody where a question was not asked", () => {
    const cheap = cheapQuestionsOf(facts, undefined);
    const seen = seenOf(
      facts,
      undefined,
      cheap,
      cheap.map(() => said("")),
    );
    assert.deepEqual(seen, { links: [""], both: { a: 0, b: "" }, maybe: undefined, running: 0 });
  });

  it("refuse another number of answers than they asked for", () => {
    assert.throws(() => facts.both.read([said("a")], undefined), /^Error: 2 answers are needed, not 1$/);
  });

  it("tell questions apart by program and input, not by why they are asked", () => {
    const other: Command = { why: "another reason", argv: ["a"] };
    assert.equal(keyOf(q("a")), keyOf(other));
    assert.notEqual(keyOf(q("a")), keyOf(q("a", "text")));
    assert.notEqual(keyOf({ argv: ["a b"] }), keyOf({ argv: ["a", "b"] }));
  });

  it("are the same in whatever order their questions were asked", () => {
    const questions = questionsOf(facts, undefined);
    const order = fc.shuffledSubarray([...questions], { minLength: questions.length });
    const answerTo = ({ argv }: Command) => said(argv.join(" "));
    const expected = seenOf(facts, undefined, questions, questions.map(answerTo));
    fc.assert(
      fc.property(order, (asked) => {
        assert.deepEqual(seenOf(facts, undefined, asked, asked.map(answerTo)), expected);
      }),
    );
  });

  it("are asked each once, however many of them share a question", () => {
    const program = fc.constantFrom("a", "b", "c", "d").map((name) => q(name));
    const lists = fc.array(fc.array(program, { minLength: 1, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(lists, (asked) => {
        const many = Object.fromEntries(asked.map((ask, at) => [String(at), fact(ask, () => at)]));
        const keys = questionsOf(many, undefined).map(keyOf);
        assert.equal(new Set(keys).size, keys.length);
        assert.deepEqual(new Set(keys), new Set(asked.flat().map(keyOf)));
      }),
    );
  });
});

/** The compiler holds these: each `@ts-expect-error` fails the type check where the line below it is no error. */
describe("facts, by their types", () => {
  it("are known by name with their values' types", () => {
    const seen: AllSeen = { links: ["a"], both: { a: 0, b: "" }, maybe: undefined, running: 1 };
    const length: number = seen.running;
    // @ts-expect-error a fact that the kind does not name
    const absent: unknown = seen.missing;
    // @ts-expect-error a fact that may be unknown
    const certain: string = seen.maybe;
    assert.deepEqual([length, absent, certain], [1, undefined, undefined]);
  });

  it("that are costly cannot decide what is due", () => {
    const kind: Pick<Kind<OnHost, typeof facts>, "claims" | "observed" | "judge"> = {
      claims(_, seen) {
        // @ts-expect-error a costly fact is not among those that claims get
        const running: unknown = seen.running;
        const what = seen.links.join();
        return running === undefined ? [{ what, is: "so", make: [], remove: [] }] : [];
      },
      observed(_, seen) {
        // @ts-expect-error nor among those that are shown as inputs
        const running: unknown = seen.running;
        return running === undefined ? {} : { host: "" };
      },
      judge: (_, seen) => ({ warn: [String(seen.running)] }),
    };
    const seen: Seen<Cheap<typeof facts>> = { links: ["a"], both: { a: 0, b: "" }, maybe: undefined };
    assert.equal(kind.claims(wish, seen).length, 1);
    assert.deepEqual(kind.observed(wish, seen), {});
    assert.deepEqual(kind.judge?.(wish, { ...seen, running: 2 }, {}).warn, ["2"]);
  });

  it("are read from as many answers as they have questions", () => {
    // @ts-expect-error a reader of two answers to one question
    const tooMany = fact([q("a")], (a: Answer, b: Answer) => [a, b]);
    assert.deepEqual(tooMany.read([said("")], undefined), [said(""), undefined]);
  });

  it("make no claim without a way to remove it", () => {
    // @ts-expect-error a claim without `remove`
    const claim: ReturnType<Kind<OnHost, typeof facts>["claims"]>[number] = { what: "x", is: "so", make: [] };
    // @ts-expect-error `found` is left out where nothing is known
    const found: typeof claim = { what: "x", is: "so", make: [], remove: [], found: undefined };
    assert.deepEqual([claim.what, found.what], ["x", "x"]);
  });
});
