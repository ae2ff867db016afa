import assert from "node:assert/strict";
import { textOf } from "../../../provider/boot/script.js";
import type { ShellText } from "../../../provider/engine/command.js";
import { type Loaded, load } from "../../../provider/facts/iptables-load.js";
import { loadGuarded } from "../../../provider/facts/nft-load.js";
import { StandIns } from "../../support/loaded.js";

const jump = ["-d", "172.30.1.0/24", "-j", "C"];
const drop = ["-d", "172.30.1.0/24", "-j", "DROP"];
const wanted: Loaded = {
  chains: [
    { table: "raw", chain: "C", rules: [["-s", "10.0.0.1/32", "-j", "ACCEPT"]] },
    { table: "filter", chain: "C", rules: [] },
  ],
  jumps: [
    { table: "raw", from: "PREROUTING", rule: jump },
    { table: "filter", from: "DOCKER-USER", rule: jump },
  ],
  dockers: ["DOCKER-USER"],
  last: { rule: drop, stands: "while open" },
};

/** The lines of Docker's filter that let everybody in. */
const open = ["*filter", ":FORWARD ACCEPT [0:0]", ":DOCKER-USER - [0:0]", "-A FORWARD -j DOCKER-USER"];

describe("the load of iptables in a script's shell", () => {
  let on: StandIns;
  beforeEach(() => {
    on = new StandIns();
  });
  afterEach(() => on.remove());

  /** The input of iptables-restore, without empty lines, where iptables-save prints these. */
  function restored(
    what: Loaded,
    saved: readonly string[],
    restore = "cat >$folder/restored",
  ): readonly string[] {
    on.write("saved", [...saved, ""].join("\n"));
    on.stand("iptables-save", "cat $folder/saved");
    on.stand("iptables-restore", `echo "$@" >$folder/words\n${restore}`);
    const { status, stderr } = ran(load(what));
    assert.equal(status, 0, stderr);
    assert.deepEqual(on.lines("words"), ["-w --noflush"]);
    return on.lines("restored");
  }

  const ran = (...lines: readonly ShellText[]) =>
    on.run(textOf({ kind: "forward", subject: "x", holder: { id: "x" }, about: "x", lines }));

  const chains = {
    raw: [":C - [0:0]", "-A C -s 10.0.0.1/32 -j ACCEPT"],
    filter: [":C - [0:0]"],
  };
  const jumps = {
    raw: "-I PREROUTING -d 172.30.1.0/24 -j C",
    filter: "-I DOCKER-USER -d 172.30.1.0/24 -j C",
  };

  it("makes all on a host without rules, before Docker's first start", () => {
    assert.deepEqual(restored(wanted, []), [
      ...["*raw", ...chains.raw, jumps.raw, "COMMIT"],
      ...["*filter", "-N DOCKER-USER", ...chains.filter, jumps.filter, "COMMIT"],
    ]);
  });

  it("keeps a jump at its place, and Docker's chain as it is", () => {
    const saved = [
      ...[
        "*raw",
        ":PREROUTING ACCEPT [9:9]",
        "-A PREROUTING -j OTHER",
        `-A PREROUTING ${jump.join(" ")}`,
        "COMMIT",
      ],
      ...["*filter", ":FORWARD DROP [0:0]", ":DOCKER-USER - [0:0]", "-A FORWARD -j DOCKER-USER"],
      ...[`-A DOCKER-USER ${jump.join(" ")}`, "COMMIT"],
    ];
    assert.deepEqual(restored(wanted, saved), [
      ...["*raw", ...chains.raw, "COMMIT"],
      ...["*filter", ...chains.filter, "COMMIT"],
    ]);
  });

  it("does not take the rule of another table for its own", () => {
    const saved = ["*mangle", `-A PREROUTING ${jump.join(" ")}`, "COMMIT", "*raw", "COMMIT"];
    assert.ok(restored(wanted, saved).includes(jumps.raw));
  });

  const last = `-A FORWARD ${drop.join(" ")}`;
  const away = `-D FORWARD ${drop.join(" ")}`;
  const ends: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["is added where the policy lets everybody in", open, [last]],
    ["stays where it is the last", [...open, last], []],
    ["goes to the end again behind another rule", [...open, last, "-A FORWARD -j X"], [away, last]],
    ["goes once the policy drops", [...open.with(1, ":FORWARD DROP [0:0]"), last], [away]],
    ["goes with Docker 28's own drop", [...open, "-A DOCKER ! -i docker0 -j DROP", last], [away]],
    ["goes with Docker's rules", ["*filter", ":FORWARD ACCEPT [0:0]", last], [away]],
    [
      "is not added twice behind a rule of mangle",
      [...open, last, "COMMIT", "*mangle", "-A FORWARD -j X"],
      [],
    ],
  ];
  for (const [what, saved, made] of ends)
    it(`holds the last rule of FORWARD: it ${what}`, () => {
      const ofForward = restored(wanted, [...saved, "COMMIT"]).filter((line) => line.includes(" FORWARD "));
      assert.deepEqual(ofForward, made);
    });

  it("takes the last rule away where it may not stand", () => {
    const never = { ...wanted, last: { rule: drop, stands: "never" } } as const;
    assert.ok(restored(never, [...open, last, "COMMIT"]).includes(away));
    assert.ok(!restored(never, [...open, "COMMIT"]).some((line) => line.includes(" FORWARD ")));
  });

  it("puts a first rule above what Docker inserted, in the same transaction", () => {
    const nat: Loaded = {
      chains: [],
      jumps: [{ table: "nat", from: "POSTROUTING", rule: ["-j", "C"], first: true }],
    };
    const made = ["*nat", "-D POSTROUTING -j C", "-I POSTROUTING -j C", "COMMIT"];
    assert.deepEqual(restored(nat, ["*nat", "-A POSTROUTING -j X", "-A POSTROUTING -j C"]), made);
    assert.deepEqual(restored(nat, ["*nat", "-A POSTROUTING -j C", "-A POSTROUTING -j X"]), [
      "*nat",
      "COMMIT",
    ]);
    assert.deepEqual(restored(nat, []), ["*nat", "-I POSTROUTING -j C", "COMMIT"]);
  });

  it("looks again if the rules changed under it", () => {
    const changed = "*filter\\n:DOCKER-USER - [0:0]";
    const once = `[ -e $folder/again ] || { touch $folder/again; echo '${changed}' >$folder/saved; exit 1; }`;
    assert.ok(!restored(wanted, [], `${once}\ncat >$folder/restored`).includes("-N DOCKER-USER"));
    assert.equal(on.lines("saved").length, 2);
  });

  it("fails with the reason of iptables", () => {
    on.stand("iptables-save", "");
    on.stand("iptables-restore", "echo the reason >&2; exit 4");
    assert.deepEqual(ran(load(wanted), { shell: "echo more" }).stdout, "");
    assert.deepEqual(ran(load(wanted)).stderr, "the reason\n");
    on.stand("iptables-save", "echo no rules >&2; exit 3");
    assert.deepEqual(ran(load(wanted)).stderr, "no rules\n");
  });

  it("gives a rule to iptables as it is, whatever a shell makes of its signs", () => {
    const rules = [["-m", "comment", "--comment", '"$(touch x) `y` \\\\"', "-j", "ACCEPT"]];
    const text = restored({ chains: [{ table: "raw", chain: "C", rules }], jumps: [] }, []);
    assert.equal(text[2], `-A C ${rules[0]?.join(" ")}`);
  });

  describe("and the guard in nft", () => {
    const guard = ["guard-a", "guard-mark-a"].map((name) => ({ name, at: "forward", rules: [] }) as const);
    const listing = (...names: readonly string[]) =>
      ["table ip dockroute {", ...names.map((name) => `\tchain ${name} {\n\t\ttype filter\n\t}`), "}"].join(
        "\n",
      );

    /** The words and the input of each call of nft that changes something. */
    function calls(ifDockers: string, listed: string, always: typeof guard = []): readonly string[] {
      on.write("listed", listed);
      const changes = '{ echo "$@"; [ "$1" = -f ] && cat; } >>$folder/calls; exit 0';
      on.stand("nft", `[ "$1" != list ] || exec cat $folder/listed\n${changes}`);
      const { status, stderr } = ran(loadGuarded({ always, guard, ifDockers }));
      assert.equal(status, 0, stderr);
      return on.lines("calls");
    }

    it("is loaded while Docker's filter is not there", () => {
      const [words, ...text] = calls("false", "");
      assert.equal(words, "-f -");
      assert.ok(text.includes("  chain guard-a {") && text.includes("  chain guard-mark-a {"));
    });

    it("is taken away once it is, and the table with its last chain", () => {
      assert.deepEqual(calls("true", listing("guard-a", "guard-mark-a")), ["delete table ip dockroute"]);
    });

    it("leaves the chains of others", () => {
      assert.deepEqual(calls("true", listing("guard-a", "other")), [
        "flush chain ip dockroute guard-a; delete chain ip dockroute guard-a",
      ]);
    });

    it("starts no program more where it is gone", () => {
      assert.deepEqual(calls("true", listing("other")), []);
      assert.deepEqual(calls("true", ""), []);
    });

    it("goes in the transaction that loads the marks of Docker's nftables backend", () => {
      const text = calls("true", "", [{ name: "mark-a", at: "forward", rules: [] }]);
      assert.ok(text.includes("  chain mark-a {") && text.includes("delete chain ip dockroute guard-a"));
      assert.ok(!text.includes("  chain guard-a {"));
    });
  });
});
