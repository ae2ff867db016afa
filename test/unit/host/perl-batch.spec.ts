import { deepEqual, equal, match, ok } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { Command } from "../../../provider/engine/command.js";
import { makeLink, writeFile } from "../../../provider/facts/files.js";
import { batchOf, type Section } from "../../../provider/host/exec/batch.js";

const run = (sections: readonly Section[], env = process.env) => {
  const work = batchOf(sections, { perl: true });
  const { stdout, stderr } = spawnSync("/bin/sh", [], { input: work.script, encoding: "utf8", env });
  return work.read(stdout, stderr);
};
const change = (...commands: readonly Command[]): Section => ({ commands, stopAtFailure: true });
const questions = (...commands: readonly Command[]): Section => ({ commands, stopAtFailure: false });
const sh = (script: string, stdin?: string): Command => ({
  why: "try",
  argv: ["sh", "-c", script],
  ...(stdin === undefined ? {} : { stdin }),
});
const codes = (sections: readonly Section[]) => run(sections).answers.map(({ code }) => code);

describe("a batch as one process of Perl", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dockroute-perl-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const text = fc.oneof(
    fc.string({ unit: "binary" }).map((any) => any.replaceAll("\0", "").replace(/\p{Cs}/gu, "")),
    fc.constantFrom("", "\n", "'", "$(id)", "5:hello", "\\", "run\n1", "-n"),
  );

  it("gives each program exactly its words and its input, and both of its outputs back", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 }), (all) => {
        const commands = all.map(([word, input]) => ({
          ...sh('printf %s "$1"; cat >&2', input),
          argv: ["sh", "-c", 'printf %s "$1"; cat >&2', "sh", word],
        }));
        for (const section of [change(...commands), questions(...commands)]) {
          const report = run([section]);
          deepEqual(
            report.answers,
            all.map(([word, input]) => ({ code: 0, stdout: word, stderr: input })),
          );
          ok(report.complete && !report.told.has("no-perl"));
        }
      }),
      { numRuns: 25 },
    );
  });

  it("feeds a program that prints before it has read all, however long both are", () => {
    const long = "x".repeat(300_000);
    const [answer] = run([change(sh("cat; cat /dev/zero | head -c 200000 | tr '\\0' y >&2", long))]).answers;
    deepEqual([answer?.code, answer?.stdout.length, answer?.stderr.length], [0, 300_000, 200_000]);
  });

  it("ends a section at its first failure and no other section, and goes on with the questions", () => {
    const [no, yes] = [sh("exit 3"), sh(":")];
    deepEqual(codes([change(yes, no, yes), change(yes, yes), questions(no, yes)]), [
      ...[0, 3, undefined],
      ...[0, 0],
      ...[3, 0],
    ]);
  });

  it("adds to a failure the answers to the questions about it", () => {
    const failing = { ...sh("echo no >&2; exit 4"), onFailure: ["sh", "-c", "echo because"] };
    const [answer] = run([change(failing)]).answers;
    deepEqual([answer?.code, answer?.stderr], [4, "no\nbecause\n"]);
  });

  it("does a step once that sections need at the same time, and again one that they need later", () => {
    const count = sh(`echo x >>${folder}/count`);
    deepEqual(codes([change(count, count), change(count, count)]), [0, 0, 0, 0]);
    equal(readFileSync(join(folder, "count"), "utf8"), "x\nx\n");
  });

  it("writes a file whole with its mode, in a folder that it makes, in place of what was there", () => {
    const path = join(folder, "deep/er/file");
    const own = `${process.getuid?.()}:${process.getgid?.()}`;
    const file = (content: string, mode: string) =>
      writeFile({ path, text: content, mode, owner: own, why: "w" });
    deepEqual(codes([change(file("ä old\n", "600"))]), [0]);
    writeFileSync(`${path}.dockroute-new`, "cut short");
    deepEqual(codes([change(file("new", "640"))]), [0]);
    deepEqual([readFileSync(path, "utf8"), statSync(path).mode & 0o777], ["new", 0o640]);
    deepEqual(run([questions(sh(`ls ${join(folder, "deep/er")}`))]).answers[0]?.stdout, "file\n");
  });

  it("does the same as the program that stands in for it", () => {
    const own = `${process.getuid?.()}:${process.getgid?.()}`;
    const { quick: _, ...program } = writeFile({
      path: join(folder, "a/b"),
      text: "x",
      mode: "600",
      owner: own,
      why: "w",
    });
    deepEqual(codes([change(program)]), [0]);
    deepEqual(
      [readFileSync(join(folder, "a/b"), "utf8"), statSync(join(folder, "a/b")).mode & 0o777],
      ["x", 0o600],
    );
  });

  it("tells which file it could not write, and why", () => {
    writeFileSync(join(folder, "no-folder"), "");
    const failing = writeFile({ path: join(folder, "no-folder/file"), text: "", mode: "644", why: "w" });
    const good = writeFile({
      path: join(folder, "good"),
      text: "",
      mode: "644",
      owner: `${process.getuid?.()}:${process.getgid?.()}`,
      why: "w",
    });
    const [bad, fine] = run([change(failing), change(good)]).answers;
    deepEqual([bad?.code, fine?.code], [1, 0]);
    match(bad?.stderr ?? "", /no-folder/);
  });

  it("makes a link, and turns one that leads elsewhere", () => {
    const path = join(folder, "wants/unit");
    for (const target of ["/etc/a", "/etc/b", "/etc/b"]) {
      deepEqual(codes([change(makeLink(target, path, "l"))]), [0]);
      equal(readlinkSync(path), target);
    }
  });

  it("leaves a question open that it does not know", () => {
    const [open, asked] = run([questions({ ...sh(":"), quick: ["nothing"] }, sh("echo yes"))]).answers;
    deepEqual([open?.code, asked?.stdout], [undefined, "yes\n"]);
  });

  it("names the command that was under way when it was ended", () => {
    for (const section of [change, questions]) {
      deepEqual(codes([section(sh(":"), sh("kill -9 $PPID"), sh(":"))]), [0, undefined]);
    }
  });

  describe("on a host whose programs print what they never do", () => {
    const ask = (quick: readonly string[], program: string, prints: string) => {
      writeFileSync(join(folder, program), `#!/bin/sh\n${prints}\n`, { mode: 0o755 });
      const work = batchOf([questions({ ...sh(":"), quick })], { perl: true });
      const script = work.script.replace(/^PATH=/m, `PATH=${folder}:`);
      const { stdout, stderr } = spawnSync("/bin/sh", [], { input: script, encoding: "utf8" });
      const report = work.read(stdout, stderr);
      deepEqual([report.complete, report.told.has("no-perl")], [true, false]);
      return report.answers[0]?.code;
    };
    const asked = [
      [["nft"], "nft", "table ip other { # progname other\n\tchain c {\n\t}\n}"],
      [["nft-table", "ip other"], "nft", "# a remark\ntable ip other {\n}"],
      [["iptables", "filter"], "iptables-save", "# a remark\n*filter\n:INPUT ACCEPT [0:0]\n-A INPUT\nCOMMIT"],
    ] as const;

    for (const [quick, program, good] of asked) {
      it(`leaves ${quick.join(" ")} open: ${program} prints something else, or prints without end`, () => {
        equal(ask(quick, program, `printf '%b\\n' '${good}'`), 0);
        equal(ask(quick, program, ":"), quick[0] === "nft-table" ? 1 : 0);
        equal(ask(quick, program, `printf '%b\\n' '${good}\\nwhat is this'`), undefined);
        equal(ask(quick, program, "head -c 5000 /dev/urandom"), undefined);
        equal(ask(quick, program, "exec yes '#'"), undefined);
      });
    }

    it("hands over more than the client takes of a program that prints without end, and ends it", () => {
      const work = batchOf([questions(sh("exec yes"))], { perl: true });
      const { stdout, stderr } = spawnSync("/bin/sh", [], {
        ...{ input: work.script, encoding: "utf8", maxBuffer: 2 ** 27 },
      });
      const [answer] = work.read(stdout, stderr).answers;
      deepEqual([answer?.code, (answer?.stdout.length ?? 0) > 2 ** 25], [137, true]);
    });

    it("asks nothing more once nobody listens", () => {
      const [first, last] = [sh("sleep 0.5"), sh(`touch ${folder}/asked`)];
      const { script } = batchOf([questions(first, last)], { perl: true });
      spawnSync("/bin/sh", ["-c", "/bin/sh | sleep 0.2"], { input: script });
      deepEqual(readdirSync(folder), []);
    });
  });

  it("tells of a host that has no Perl, and of one whose Perl fails", () => {
    for (const perl of ["", "#!/bin/sh\nexit 1\n"]) {
      if (perl !== "") writeFileSync(join(folder, "perl"), perl, { mode: 0o755 });
      const work = batchOf([change(sh(":"))], { perl: true });
      const script = work.script.replace(/^PATH=\S+/m, `PATH=${folder}`);
      const { stdout, stderr } = spawnSync("/bin/sh", [], { input: script, encoding: "utf8" });
      const report = work.read(stdout, stderr);
      deepEqual([report.told.has("no-perl"), report.answers], [true, []]);
    }
  });
});
