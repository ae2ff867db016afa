import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Claim,
  drift,
  due,
  heldBy,
  ifThere,
  isGone,
  obstacles,
  outdated,
  refusals,
  state,
  undo,
} from "../../../provider/engine/claim.js";
import type { Command } from "../../../provider/engine/command.js";
import type { Fault } from "../../../provider/engine/errors/fault.js";

const command = (name: string): Command => ({ why: name, argv: [name] });
const names = (commands: readonly Command[]) => commands.map(({ why }) => why);
const strangers: Fault = { property: "host", reason: "held by another stack" };
const stuck: Fault = { property: "bip", reason: "the file cannot be read" };

function claim(what: string, more: Partial<Claim> = {}): Claim {
  return { what, is: "so", make: [command(`make ${what}`)], remove: [command(`remove ${what}`)], ...more };
}

interface Row {
  readonly title: string;
  readonly of: Claim;
  readonly due: readonly string[];
  readonly undo: readonly string[];
  readonly drift: readonly string[];
  readonly gone: boolean;
  readonly refused?: readonly Fault[];
  readonly stuck?: readonly Fault[];
}

const make = ["make x"];
const remove = ["remove x"];
const rows: readonly Row[] = [
  { title: "so", of: claim("x"), due: [], undo: remove, drift: [], gone: false },
  {
    title: "absent",
    of: claim("x", { is: "absent" }),
    due: make,
    undo: [],
    drift: ["x: absent"],
    gone: true,
  },
  {
    title: "changed",
    of: claim("x", { is: "changed" }),
    ...{ due: make, undo: remove, drift: ["x: changed"], gone: false },
  },
  {
    title: "changed, and it is known to what",
    of: claim("x", { is: "changed", found: "not the first rule" }),
    ...{ due: make, undo: remove, drift: ["x: not the first rule"], gone: false },
  },
  {
    title: "changed, which an input shows",
    of: claim("x", { is: "changed", shown: true }),
    ...{ due: make, undo: remove, drift: [], gone: false },
  },
  {
    title: "so, and another resource's",
    of: claim("x", { notOurs: "another resource's" }),
    ...{ due: [], undo: [], drift: [], gone: true },
  },
  {
    title: "changed, and another resource's: it is taken over",
    of: claim("x", { is: "changed", notOurs: "another resource's" }),
    ...{ due: make, undo: [], drift: ["x: changed"], gone: true },
  },
  {
    title: "absent, and shared",
    of: claim("x", { is: "absent", notOurs: "shared" }),
    ...{ due: make, undo: [], drift: ["x: absent"], gone: true },
  },
  {
    title: "so, and a stranger's: it is left to the stranger",
    of: claim("x", { notOurs: strangers }),
    ...{ due: [], undo: [], drift: [], gone: false },
  },
  {
    title: "changed, and a stranger's: it is refused",
    of: claim("x", { is: "changed", notOurs: strangers }),
    ...{ due: make, undo: [], drift: ["x: changed"], gone: true, refused: [strangers] },
  },
  {
    title: "so, and cannot be removed",
    of: claim("x", { remove: stuck }),
    ...{ due: [], undo: [], drift: [], gone: false, stuck: [stuck] },
  },
  {
    title: "another resource's, which cannot be removed and need not be",
    of: claim("x", { remove: stuck, notOurs: "another resource's" }),
    ...{ due: [], undo: [], drift: [], gone: true },
  },
];

describe("a claim", () => {
  for (const row of rows) {
    it(`that is ${row.title}`, () => {
      const claims = [row.of];
      assert.deepEqual(
        {
          ...{
            due: names(due(claims)),
            undo: names(undo(claims)),
            drift: drift(claims),
            gone: isGone(claims),
          },
          ...{ refused: refusals(claims), stuck: obstacles(claims) },
        },
        {
          ...{ due: row.due, undo: row.undo, drift: row.drift, gone: row.gone },
          ...{ refused: row.refused ?? [], stuck: row.stuck ?? [] },
        },
      );
    });
  }

  it("that is made together with others is made once, after all that they rely on", () => {
    const script = command("load the script");
    const claims = [
      claim("chain", { is: "absent", make: [script] }),
      claim("units", { is: "absent" }),
      claim("jump", { is: "changed", make: [script, command("forget flows")] }),
    ];
    assert.deepEqual(names(due(claims)), ["make units", "load the script", "forget flows"]);
  });

  it("is told from its neighbour by the command itself, not by its words", () => {
    const twice = [1, 2].map(() => claim("x", { is: "absent", make: [command("sync")] }));
    assert.deepEqual(names(due(twice)), ["sync", "sync"]);
  });

  it("is so, changed or absent", () => {
    assert.deepEqual(
      [state(true, true), state(false, true), state(false, false)],
      ["so", "changed", "absent"],
    );
  });

  it("about something that is not wanted for itself exists only if there is something to remove", () => {
    const [there] = ifThere("guard", [command("remove")]);
    assert.deepEqual(ifThere("guard", []), []);
    assert.deepEqual([there?.is, there?.make], ["so", []]);
  });

  it("about something of an older dockroute is due with words, and made by its removal", () => {
    const old = outdated("part", [command("remove part")]);
    assert.deepEqual(outdated("part", []), []);
    assert.deepEqual(drift(old), ["part: of an older dockroute"]);
    assert.deepEqual(names(due(old)), ["remove part"]);
    assert.deepEqual(names(undo(old)), ["remove part"]);
  });

  it("keeps an owner of its own among those that are held together", () => {
    const claims = [claim("a"), claim("b", { notOurs: "shared" })];
    const owners = (owner: Claim["notOurs"]) => heldBy(owner, claims).map(({ notOurs }) => notOurs);
    assert.deepEqual(owners("another resource's"), ["another resource's", "shared"]);
    assert.deepEqual(owners(undefined), [undefined, "shared"]);
  });
});

/** Lists of claims that share some of their commands. */
const pool = ["a", "b", "c", "d", "e"].map(command);
const commands = fc.uniqueArray(fc.constantFrom(...pool), { maxLength: 3 });
const owner = fc.constantFrom<Claim["notOurs"]>(undefined, "another resource's", "shared", strangers);
const anyClaims = fc.array(
  fc
    .record({
      is: fc.constantFrom<Claim["is"]>("so", "absent", "changed"),
      ...{ owner, make: commands, remove: commands, shown: fc.boolean() },
    })
    .map(
      ({ owner: notOurs, ...rest }): Claim => ({
        what: "x",
        ...rest,
        ...(notOurs === undefined ? {} : { notOurs }),
      }),
    ),
  { maxLength: 6 },
);

/** Each command once, at its last place. */
function isOnceAtLast(all: readonly Command[], result: readonly Command[]): void {
  assert.equal(new Set(result).size, result.length);
  assert.deepEqual(new Set(result), new Set(all));
  const last = result.map((each) => all.lastIndexOf(each));
  assert.deepEqual(
    last,
    [...last].sort((a, b) => a - b),
  );
}

describe("claims of any sort", () => {
  const property = (check: (claims: readonly Claim[]) => void) => fc.assert(fc.property(anyClaims, check));

  it("run each command that makes them once, at its last place", () =>
    property((claims) =>
      isOnceAtLast(
        claims.filter(({ is }) => is !== "so").flatMap(({ make: each }) => each),
        due(claims),
      ),
    ));

  it("are removed in reverse, each command once, at its last place", () =>
    property((claims) =>
      isOnceAtLast(
        [...claims]
          .reverse()
          .filter(({ is, notOurs }) => is !== "absent" && notOurs === undefined)
          .flatMap(({ remove: each }) => ("reason" in each ? [] : each)),
        undo(claims),
      ),
    ));

  it("that each have commands of their own are removed in exactly the reverse of their order", () =>
    fc.assert(
      fc.property(fc.nat({ max: 8 }), (count) => {
        const claims = Array.from({ length: count }, (_, at) => claim(String(at)));
        assert.deepEqual(
          names(undo(claims)),
          names(claims.flatMap(({ remove: each }) => ("reason" in each ? [] : each))).reverse(),
        );
      }),
    ));

  it("have nothing due and no drift exactly when all are so, but for what is shown", () =>
    property((claims) => {
      const areSo = claims.every(({ is }) => is === "so");
      if (areSo) assert.deepEqual([due(claims), drift(claims)], [[], []]);
      else
        assert.equal(
          claims.some(({ is, shown }) => is !== "so" && !shown),
          drift(claims).length > 0,
        );
    }));

  it("are never removed where they are another's, and gone if nothing is ours", () =>
    property((claims) => {
      const others = claims.map((each) => ({ ...each, notOurs: "another resource's" as const }));
      assert.deepEqual(undo(others), []);
      assert.ok(isGone(others));
    }));
});
