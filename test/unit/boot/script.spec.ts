import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import * as parts from "../../../provider/boot/script.js";
import { apply, former, units } from "../../../provider/boot/units.js";
import type { Command, Line } from "../../../provider/engine/command.js";
import { lastLoad, madeBy, partsDirectory } from "../../../provider/facts/places.js";
import { answers, images, inWords, said } from "../../support/recorded.js";

const word = fc.string({ unit: fc.constantFrom(..."ab 1'\"$`\\;&|<>(){}*?~#!=\n\té"), maxLength: 8 });
const words = fc.array(word, { maxLength: 4 });
const part = (lines: readonly Line[], name = "route-x"): parts.Part => ({
  name,
  holder: "alpha/to/beta",
  about: "For a test.",
  lines,
});
const run = (script: string) => spawnSync("sh", [], { input: script, encoding: "utf8" });

describe("a part", () => {
  it("is a script that sh reads, whatever the words of its commands are", () => {
    fc.assert(
      fc.property(words, word, fc.boolean(), (args, stdin, mayFail) => {
        const line = { argv: ["cat", ...args], unless: ["test", ...args], stdin: `${stdin}\n` };
        const script = parts.textOf(part([mayFail ? { ...line, mayFail } : line]));
        assert.equal(spawnSync("sh", ["-n"], { input: script }).status, 0, script);
      }),
      { numRuns: 40 },
    );
  });

  it("gives a program its words and its input as they are", () => {
    fc.assert(
      fc.property(words, word, (args, stdin) => {
        const lines = [{ argv: ["printf", "%s\\0", ...args] }, { argv: ["cat"], stdin: `${stdin}\n` }];
        const { stdout, status } = run(parts.textOf(part(lines)));
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
    it(what, () => assert.equal(run(parts.textOf(part([line, { argv: ["true"] }]))).status, code));
  }
});

/** What `head -v` prints for these files, by the real program. */
function headOf(contents: readonly string[]): { stdout: string; paths: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "dockroute-parts-"));
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

describe("what dockroute keeps on a host", () => {
  it("is read as it is, with or without an empty line or a newline at its end", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "=", ">", "<", " ", "\n"), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (contents) => {
        const { stdout, paths } = headOf(contents);
        const seen = parts.readParts(said(stdout), said(""));
        assert.deepEqual(
          [...seen.files],
          paths.map((path, at) => [path, contents[at]] as const),
        );
      }),
      { numRuns: 60 },
    );
  });

  for (const image of images) {
    const read = (when: "fresh" | "ours" | "undone") => {
      const [files, links] = answers(image, when, parts.questions);
      return parts.readParts(files ?? said(""), links ?? said(""));
    };

    it(`is read on ${image}`, () => {
      const seen = read("ours");
      const forNft = (...paths: readonly string[]) => (image === "docker29-nft" ? paths : []);
      assert.deepEqual([...seen.files.keys()].sort(), [
        "/etc/dockroute/apply",
        "/etc/dockroute/before.json",
        ...forNft("/etc/dockroute/daemon-keys"),
        "/etc/dockroute/parts/forward-172.30.16.0_20",
        "/etc/dockroute/parts/forward-172.30.16.7_32-3155",
        ...forNft("/etc/dockroute/parts/guard-bridges"),
        "/etc/dockroute/parts/masquerade-172.30.16.0_20",
        "/etc/dockroute/parts/route-172.30.32.0_20",
        ...forNft("/etc/systemd/system/docker.service.d/dockroute.conf"),
        "/etc/systemd/system/dockroute-boot.service",
        "/etc/systemd/system/dockroute-repair.service",
        "/etc/systemd/system/dockroute-repair.timer",
        "/etc/systemd/system/dockroute.service",
      ]);
      assert.equal(seen.enabled.size, 7);
      for (const text of seen.files.values()) assert.match(text, /[^\n]\n$/);
    });

    it(`is nothing on ${image} before and after`, () => {
      for (const when of ["fresh", "undone"] as const) {
        assert.deepEqual(read(when), { files: new Map(), enabled: new Set() });
      }
    });

    for (const [path, text] of Object.entries(former)) {
      it(`is on ${image} as well with an older dockroute's ${path}, which the next change replaces`, () => {
        const now = read("ours");
        const older = { ...now, files: new Map([...now.files, [path, text]]) };
        const own = part([{ argv: ["true"] }], "anew");
        const kept = { ...older, files: new Map([...older.files, [parts.pathOf(own), parts.textOf(own)]]) };
        assert.deepEqual([parts.missing(own, kept), parts.keep(own, kept)], [[], []]);
        assert.deepEqual(parts.notices(now), []);
        assert.match(
          parts.notices(kept).join("; "),
          new RegExp(`^an older dockroute left ${path}, with which`),
        );
        assert.ok(parts.keep(own, older).some(({ argv }) => argv.includes(`${path}.dockroute-new`)));
        const changed = { ...kept, files: new Map([...kept.files, [path, "by hand"]]) };
        assert.deepEqual(parts.missing(own, changed), ["the units that load it at boot: absent or changed"]);
      });
    }

    it(`needs nothing more on ${image} for one part more than that part`, () => {
      const anew = part([{ argv: ["true"] }], "anew");
      assert.ok(
        parts.keep(anew, read("ours")).every(({ argv }) => argv.join(" ").includes("/etc/dockroute/parts")),
      );
    });
  }
});

describe("the script that loads the parts", () => {
  it("names the places that the rest of the code names", () => {
    for (const place of [madeBy, partsDirectory, lastLoad]) assert.ok(apply.includes(place), place);
  });
});

describe("the last part of a host", () => {
  const own = part([]);
  const left = (paths: readonly string[]): parts.PartsSeen => ({
    files: new Map(paths.map((path) => [path, parts.textOf(own)])),
    enabled: new Set(),
  });
  const path = parts.pathOf(own);

  const base = ["/etc/dockroute/apply", ...Object.keys(units).map((name) => `/etc/systemd/system/${name}`)];
  const find =
    "find /etc -maxdepth 2 -depth ( -path /etc/dockroute/apply -o -path /etc/dockroute/apply.dockroute-new -o " +
    "( -path /etc/dockroute/parts -o -path /etc/dockroute ) -empty ) -delete";
  const argvs = (commands: readonly Command[]) => commands.map(({ argv }) => argv.join(" "));

  it("takes the units, the script and the folders with it", () => {
    assert.deepEqual(argvs(parts.drop(own, left([path, ...base]))), [
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
    assert.deepEqual(argvs(parts.drop(own, { ...left(rest), enabled: new Set([link]) })), [
      "systemctl stop dockroute.service",
      "systemctl disable --quiet dockroute.service",
      `find /etc/systemd/system -maxdepth 2 -depth ( -path ${link} -o ( -path ${folder} ) -empty ) -delete`,
      "rm -f /etc/systemd/system/dockroute.service",
      "systemctl daemon-reload",
      "systemctl reset-failed dockroute*",
      "rm -f /run/dockroute.loaded",
      find,
    ]);
    assert.deepEqual(argvs(parts.drop(own, left(["/etc/dockroute/apply"]))).at(-1), find);
    assert.deepEqual(parts.drop(own, left([])), []);
  });

  it("goes on with one that was cut short where only the beginning of a unit had been written", () => {
    const begun = "/etc/systemd/system/dockroute.service.dockroute-new";
    assert.ok(argvs(parts.drop(own, left([path, begun]))).includes(`rm -f ${begun}`));
  });

  it("takes the folders with it where what loads it is gone already", () => {
    const alone =
      `find /etc -maxdepth 3 -depth ( -path ${path} -o ` +
      "( -path /etc/dockroute/parts -o -path /etc/dockroute ) -empty ) -delete";
    assert.deepEqual(argvs(parts.drop(own, left([path]))), [alone]);
  });

  it("is not the last while there is another", () => {
    assert.deepEqual(inWords(parts.drop(own, left([path, `${path}0`]))), [`rm -f ${path}  # remove ${path}`]);
  });

  it("is the last beside a file whose writing was cut short", () => {
    const [, second, third] = parts.drop(own, left([path, `${path}.dockroute-new`, ...base]));
    assert.deepEqual(second?.argv, ["rm", "-f", `${path}.dockroute-new`]);
    assert.equal(third?.argv[1], "stop");
  });

  it("stays where a successor holds it", () => {
    assert.deepEqual(parts.drop({ ...own, holder: "alpha/to/gamma" }, left([path])), []);
  });
});
