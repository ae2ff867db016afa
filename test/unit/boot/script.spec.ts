import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import * as boot from "../../../provider/boot/script.js";
import { apply, units } from "../../../provider/boot/units.js";
import { drift, due, refusals, undo } from "../../../provider/engine/claim.js";
import type { Command, Line } from "../../../provider/engine/command.js";
import { lastLoad, madeBy, partsDirectory, scriptsDirectory } from "../../../provider/facts/places.js";
import { answers, images, inWords, said } from "../../support/recorded.js";

const word = fc.string({ unit: fc.constantFrom(..."ab 1'\"$`\\;&|<>(){}*?~#!=\n\té"), maxLength: 8 });
const words = fc.array(word, { maxLength: 4 });
const script = (lines: readonly Line[], subject = "172.30.2.0/24"): boot.Script => ({
  kind: "route",
  subject,
  holder: { id: "alpha/to/beta", stack: "mesh/test" },
  about: "For a test.",
  lines,
  formerName: "route-172.30.2.0_24",
});
const run = (text: string) => spawnSync("sh", [], { input: text, encoding: "utf8" });

describe("a script", () => {
  it("is a script that sh reads, whatever the words of its commands are", () => {
    fc.assert(
      fc.property(words, word, fc.boolean(), (args, stdin, mayFail) => {
        const line = { argv: ["cat", ...args], unless: ["test", ...args], stdin: `${stdin}\n` };
        const text = boot.textOf(script([mayFail ? { ...line, mayFail } : line]));
        assert.equal(spawnSync("sh", ["-n"], { input: text }).status, 0, text);
      }),
      { numRuns: 40 },
    );
  });

  it("gives a program its words and its input as they are", () => {
    fc.assert(
      fc.property(words, word, (args, stdin) => {
        const lines = [{ argv: ["printf", "%s\\0", ...args] }, { argv: ["cat"], stdin: `${stdin}\n` }];
        const { stdout, status } = run(boot.textOf(script(lines)));
        assert.equal(status, 0);
        const printed = args.length === 0 ? "\0" : args.map((each) => `${each}\0`).join("");
        assert.equal(stdout, `${printed}${stdin}\n`);
      }),
      { numRuns: 40 },
    );
  });

  const outcomes: readonly (readonly [what: string, line: Line, code: number])[] = [
    ["fails with a command that fails", { argv: ["false"] }, 1],
    ["goes on where a command may fail", { argv: ["false"], mayFail: true }, 0],
    ["runs nothing where it is so already", { argv: ["false"], unless: ["true"] }, 0],
    ["runs what is not so yet", { argv: ["true"], unless: ["false"] }, 0],
    ["fails where what is not so yet fails", { argv: ["false"], unless: ["false"] }, 1],
  ];
  for (const [what, line, code] of outcomes) {
    it(what, () => assert.equal(run(boot.textOf(script([line, { argv: ["true"] }]))).status, code));
  }
});

/** The output of `head -v` for these files, by the real program. */
function headOf(contents: readonly string[]): { stdout: string; paths: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "dockroute-scripts-"));
  try {
    const paths = contents.map((_, at) => join(folder, `file${at}`));
    paths.forEach((path, at) => {
      writeFileSync(path, contents[at] ?? "");
    });
    const { stdout } = spawnSync("head", ["-v", "-c", "100000", ...paths], { encoding: "utf8" });
    return { stdout, paths };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the set of dockroute's scripts on a host", () => {
  it("is read as it is, with or without an empty line or a newline at its end", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "=", ">", "<", " ", "\n"), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (contents) => {
        const { stdout, paths } = headOf(contents);
        const seen = boot.scripts.read([said(stdout), said("")], undefined);
        assert.deepEqual(
          [...seen.files],
          paths.map((path, at) => [path, contents[at]] as const),
        );
      }),
      { numRuns: 60 },
    );
  });

  for (const image of images) {
    const read = (when: "fresh" | "ours" | "undone") =>
      boot.scripts.read(answers(image, when, boot.scripts.ask(undefined)), undefined);

    it(`is read on ${image}`, () => {
      const seen = read("ours");
      const forNft = (...paths: readonly string[]) => (image === "docker29-nft" ? paths : []);
      const path = (kind: boot.Script["kind"], subject: string) => boot.pathOf({ kind, subject });
      assert.deepEqual(
        [...seen.files.keys()].filter((each) => !each.includes("forward")).sort(),
        [
          "/etc/dockroute/apply",
          "/etc/dockroute/before.json",
          ...forNft("/etc/dockroute/daemon-keys", path("guard", "bridges")),
          path("masquerade", "172.30.16.0/20"),
          path("route", "172.30.32.0/20"),
          ...forNft("/etc/systemd/system/docker.service.d/dockroute.conf"),
          "/etc/systemd/system/dockroute-boot.service",
          "/etc/systemd/system/dockroute-repair.service",
          "/etc/systemd/system/dockroute-repair.timer",
          "/etc/systemd/system/dockroute.service",
        ].sort(),
      );
      assert.equal(seen.enabled.size, 7);
      for (const text of seen.files.values()) assert.match(text, /[^\n]\n$/);
      assert.deepEqual(
        boot.keptScripts("route", seen).map(({ subject, holder }) => [subject, holder]),
        [["172.30.32.0/20", `${image}/to/peer`]],
      );
    });

    it(`is nothing on ${image} before and after`, () => {
      for (const when of ["fresh", "undone"] as const) {
        assert.deepEqual(read(when), { files: new Map(), enabled: new Set() });
      }
    });

    it(`needs nothing more on ${image} for one script more than that script`, () => {
      const anew = script([{ argv: ["true"] }], "172.30.99.0/24");
      const commands = due(boot.keptAtBoot(anew, read("ours")));
      assert.deepEqual(
        commands.map(({ quick }) => quick),
        [["write", boot.pathOf(anew), "644", "0:0"]],
      );
    });
  }
});

describe("the script that loads the others", () => {
  it("names the places that the rest of the code names", () => {
    for (const place of [madeBy, scriptsDirectory, partsDirectory, lastLoad])
      assert.ok(apply.includes(place), place);
  });

  it("loads by the number at the start of a name: filters before routes", () => {
    const kinds = ["forward", "guard", "masquerade", "route", "host"] as const;
    const paths = kinds.map((kind) => boot.pathOf({ kind, subject: "x" }));
    assert.deepEqual([...paths].sort(), paths);
  });

  it("finds names that fit everywhere, whatever the range", () => {
    for (const subject of ["10.0.0.0/8", "fd00:1234:5678:9abc:def0:1234:5678:9abc/128"]) {
      assert.match(
        boot.pathOf({ kind: "forward", subject }),
        /^\/etc\/dockroute\/scripts\/10-forward-[0-9a-f]{8}$/,
      );
    }
  });
});

describe("the last script of a host", () => {
  const own = script([]);
  const left = (paths: readonly string[]): boot.ScriptsSeen => ({
    files: new Map(paths.map((each) => [each, boot.textOf(own)])),
    enabled: new Set(),
  });
  const path = boot.pathOf(own);
  const removal = (seen: boot.ScriptsSeen, each = own) => undo(boot.keptAtBoot(each, seen));

  const base = ["/etc/dockroute/apply", ...Object.keys(units).map((name) => `/etc/systemd/system/${name}`)];
  const find =
    "find /etc -maxdepth 2 -depth ( -path /etc/dockroute/apply -o -path /etc/dockroute/apply.dockroute-new -o " +
    "( -path /etc/dockroute/parts -o -path /etc/dockroute/scripts -o -path /etc/dockroute ) -empty ) -delete";
  const argvs = (commands: readonly Command[]) => commands.map(({ argv }) => argv.join(" "));

  it("takes the units, the script and the folders with it", () => {
    assert.deepEqual(argvs(removal(left([path, ...base]))), [
      `rm -f ${path}`,
      "systemctl stop dockroute-repair.timer dockroute-repair.service dockroute.service dockroute-boot.service",
      "systemctl disable --quiet dockroute-boot.service dockroute.service dockroute-repair.timer",
      "rm -f /etc/systemd/system/dockroute-boot.service",
      "rm -f /etc/systemd/system/dockroute.service",
      "rm -f /etc/systemd/system/dockroute-repair.service",
      "rm -f /etc/systemd/system/dockroute-repair.timer",
      "systemctl daemon-reload",
      "systemctl reset-failed dockroute*",
      "rm -f /run/dockroute.loaded",
      find,
    ]);
  });

  it("goes on with a removal that was cut short", () => {
    const folder = "/etc/systemd/system/timers.target.wants";
    const link = `${folder}/dockroute-repair.timer`;
    const rest = ["/etc/dockroute/apply", "/etc/systemd/system/dockroute.service"];
    assert.deepEqual(argvs(removal({ ...left(rest), enabled: new Set([link]) })), [
      "systemctl stop dockroute.service",
      "systemctl disable --quiet dockroute.service",
      `find /etc/systemd/system -maxdepth 2 -depth ( -path ${link} -o ( -path ${folder} ) -empty ) -delete`,
      "rm -f /etc/systemd/system/dockroute.service",
      "systemctl daemon-reload",
      "systemctl reset-failed dockroute*",
      "rm -f /run/dockroute.loaded",
      find,
    ]);
    assert.deepEqual(argvs(removal(left(["/etc/dockroute/apply"]))).at(-1), find);
    assert.deepEqual(removal(left([])), []);
  });

  it("goes on with one that was cut short where only the beginning of a unit had been written", () => {
    const begun = "/etc/systemd/system/dockroute.service.dockroute-new";
    assert.ok(argvs(removal(left([path, begun]))).includes(`rm -f ${begun}`));
  });

  it("takes the folders with it where its loader is gone already", () => {
    const alone =
      `find /etc -maxdepth 3 -depth ( -path ${path} -o ` +
      "( -path /etc/dockroute/parts -o -path /etc/dockroute/scripts -o -path /etc/dockroute ) -empty ) -delete";
    assert.deepEqual(argvs(removal(left([path]))), [alone]);
  });

  it("is not the last while there is another", () => {
    assert.deepEqual(inWords(removal(left([path, `${path}0`]))), [`rm -f ${path}  # remove ${path}`]);
  });

  it("is the last beside a file whose writing was cut short", () => {
    const [first, second, third] = removal(left([path, `${path}.dockroute-new`, ...base]));
    assert.deepEqual(first?.argv, ["rm", "-f", `${path}.dockroute-new`]);
    assert.deepEqual(second?.argv, ["rm", "-f", path]);
    assert.equal(third?.argv[1], "stop");
  });

  it("stays where a successor holds it", () => {
    assert.deepEqual(removal(left([path]), { ...own, holder: { ...own.holder, id: "alpha/to/gamma" } }), []);
  });

  it("stays where another stack holds it, also under the same id", () => {
    const another = { ...own, holder: { ...own.holder, stack: "mesh/other" } };
    assert.deepEqual(removal(left([path]), another), []);
    assert.match(
      refusals(boot.keptAtBoot({ ...another, about: "Another." }, left([path])))
        .map(({ reason }) => reason)
        .join(),
      /^alpha\/to\/beta of the stack mesh\/test holds this on the host/,
    );
    assert.equal(
      removal(left([path]), { ...another, holder: { ...another.holder, lastStack: "mesh/test" } }).length,
      1,
    );
  });
});

describe("a script that dockroute 0.1.0 left", () => {
  const own = script([]);
  const former = "/etc/dockroute/parts/route-172.30.2.0_24";
  const text = "#!/bin/sh\n# dockroute alpha/to/beta\n# Old.\nset -e\n";
  const seen = (holder: string): boot.ScriptsSeen => ({
    files: new Map([[former, text.replace("alpha/to/beta", holder)]]),
    enabled: new Set(),
  });

  it("goes after the new one lies on the host", () => {
    const commands = due(boot.keptAtBoot(own, seen("alpha/to/beta"))).map(({ why }) => why);
    assert.deepEqual(commands.slice(-2), [`keep it over reboots in ${boot.pathOf(own)}`, `remove ${former}`]);
    assert.ok(
      drift(boot.keptAtBoot(own, seen("alpha/to/beta"))).includes(`${former}: of an older dockroute`),
    );
  });

  it("is removed by a destroy that comes before any up, and not where another resource holds it", () => {
    assert.deepEqual(
      undo(boot.keptAtBoot(own, seen("alpha/to/beta"))).map(({ why }) => why),
      [`remove ${former}`],
    );
    assert.deepEqual(undo(boot.keptAtBoot(own, seen("alpha/to/gamma"))), []);
  });
});
