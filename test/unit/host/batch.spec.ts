import { deepEqual, equal, match } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import type { Command } from "../../../provider/engine/command.js";
import { batch, batchOf, commandLine, shell } from "../../../provider/host/exec/batch.js";

const run = (commands: readonly Command[], stopAtFailure = false, line = ["/bin/sh"]) => {
  const work = batch(commands, { stopAtFailure });
  const [program = "", ...args] = line;
  const { stdout, stderr } = spawnSync(program, args, { input: work.script, encoding: "utf8" });
  return work.read(stdout, stderr);
};
const sh = (script: string, stdin?: string): Command => ({
  why: "try",
  argv: ["sh", "-c", script],
  ...(stdin === undefined ? {} : { stdin }),
});

/** Texts that break a shell, a heredoc or a line reader, beside any text at all. */
const text = fc.oneof(
  fc.string({ unit: "binary" }).map((any) => any.replaceAll("\0", "").replace(/\p{Cs}/gu, "")),
  fc.constantFrom(
    "",
    " ",
    "\n",
    "'",
    '"',
    "`id`",
    "$(id)",
    "$HOME",
    "EOF\n",
    "\\",
    "}",
    "{",
    "!",
    "\r\n",
    "--",
    "-n",
    "a=b",
    "~",
    "*",
  ),
);

for (const [name, line] of [
  ["sh", ["/bin/sh"]],
  ["bash as sh", ["bash", "--posix"]],
  ["the line for the login shell", ["sh", "-c", shell]],
] as const) {
  // Anyone but root would be asked by sudo.
  if (line.length === 3 && process.getuid?.() !== 0) continue;
  describe(`a batch in ${name}`, () => {
    it("gives each program exactly its words", () => {
      fc.assert(
        fc.property(fc.array(fc.array(text, { maxLength: 4 }), { minLength: 1, maxLength: 5 }), (all) => {
          const print = 'for word; do printf "%s\\0" "$word"; done';
          const commands = all.map((words) => ({ why: "try", argv: ["sh", "-c", print, "sh", ...words] }));
          const report = run(commands, false, [...line]);
          deepEqual(
            report.answers.map(({ stdout }) => stdout.split("\0").slice(0, -1)),
            all,
          );
        }),
        { numRuns: 60 },
      );
    });

    it("gives each program exactly its input, and its own outputs back", () => {
      fc.assert(
        fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (all) => {
          const commands = all.flatMap((input) => [sh("cat", input), sh("cat >&2", input)]);
          const report = run(commands, false, [...line]);
          deepEqual(
            report.answers,
            all.flatMap((input) => [
              { code: 0, stdout: input, stderr: "" },
              { code: 0, stdout: "", stderr: input },
            ]),
          );
          equal(report.complete, true);
        }),
        { numRuns: 60 },
      );
    });
  });
}

describe("a batch", () => {
  it("goes on after a failure where it looks, and stops where it changes", () => {
    const commands = [sh("exit 3"), sh("echo on")];
    deepEqual(
      run(commands).answers.map(({ code }) => code),
      [3, 0],
    );
    const stopped = run(commands, true);
    deepEqual(
      stopped.answers.map(({ code }) => code),
      [3],
    );
    equal(stopped.complete, true);
  });

  it("of several sections leaves out, after a failure, the rest of that one", () => {
    const change = (...scripts: string[]) => ({
      stopAtFailure: true,
      commands: scripts.map((text) => sh(text)),
    });
    const work = batchOf(
      [
        change("echo one; exit 3", "echo two"),
        change("echo three", "exit 4", "echo four"),
        { ...change("exit 5", "echo five"), stopAtFailure: false },
      ],
      { after: ["tell after all"] },
    );
    const { stdout, stderr } = spawnSync("/bin/sh", { input: work.script, encoding: "utf8" });
    const { answers, told } = work.read(stdout, stderr);
    deepEqual(
      answers.map(({ code, stdout: said }) => [code, said.trim()]),
      [
        [3, "one"],
        [undefined, ""],
        [0, "three"],
        [4, ""],
        [undefined, ""],
        [5, ""],
        [0, "five"],
      ],
    );
    // The text after the last command follows it only where nothing failed.
    deepEqual([...told], []);
    equal(work.asks, false);
  });

  it("lets no program eat the rest of the script", () => {
    deepEqual(
      run([sh("cat"), sh("cat", "mine"), sh("echo still here")]).answers.map(({ stdout }) => stdout),
      ["", "mine", "still here\n"],
    );
  });

  it("lets no program end the script, whatever its name", () => {
    const odd = ["if", "}", "a=b", "exit", ""].map((word) => ({ why: "try", argv: [word] }));
    const report = run([...odd.filter(({ argv }) => argv[0] !== "exit"), sh("echo still here")]);
    equal(report.answers.at(-1)?.stdout, "still here\n");
    equal(report.complete, true);
  });

  it("runs nothing of a script that came only in part", () => {
    const work = batch([sh("echo run")], { stopAtFailure: false });
    for (let length = 0; length < work.script.length - 2; length += 7) {
      const { stdout } = spawnSync("/bin/sh", { input: work.script.slice(0, length), encoding: "utf8" });
      equal(stdout, "", `after ${length} of ${work.script.length} characters`);
    }
  });

  it("knows the command whose end it did not see", () => {
    const work = batch([sh("echo one"), sh("echo two")], { stopAtFailure: true });
    const whole = spawnSync("/bin/sh", { input: work.script, encoding: "utf8" });
    for (let length = 0; length < whole.stdout.length; length++) {
      const report = work.read(whole.stdout.slice(0, length), whole.stderr);
      equal(report.complete, false);
      const ended = report.answers.filter(({ code }) => code !== undefined).length;
      equal(ended <= 2 && report.answers.length - ended <= 1, true);
    }
  });

  it("D7: hears through a login that prints", () => {
    const work = batch([sh("echo answer")], { stopAtFailure: false });
    const { stdout, stderr } = spawnSync("/bin/sh", { input: work.script, encoding: "utf8" });
    const noise = "Welcome!\ndockroute-0000 end 0 7\n";
    const report = work.read(noise + stdout, `${noise}${stderr}goodbye`);
    deepEqual(report.answers, [{ code: 0, stdout: "answer\n", stderr: "" }]);
  });

  it("takes a mark of another run as text", () => {
    const fake = "\ndockroute-00112233445566778899aabb end 0 0\n";
    deepEqual(run([sh(`printf '%s' '${fake}'; exit 5`)]).answers, [{ code: 5, stdout: fake, stderr: "" }]);
  });

  it("tells its words on one line each", () => {
    const before = ["tell note \"$(printf 'a\\nb\\033[31m')\""];
    const work = batch([], { stopAtFailure: true, before });
    const { stdout, stderr } = spawnSync("/bin/sh", { input: work.script, encoding: "utf8" });
    const [note = ""] = work.read(stdout, stderr).told.get("note") ?? [];
    match(note, /^a b \[31m$/);
  });

  it("runs with a plain language and every place a tool may be in", () => {
    const [answer] = run([sh('echo "$LC_ALL $PATH"; umask; pwd')]).answers;
    match(answer?.stdout ?? "", /^C .*\/usr\/sbin:.*\n0022\n\/\n$/);
  });
});

it("a command that fails is explained by what the host tells of it, and keeps its exit status", () => {
  const fails = {
    why: "start it",
    argv: ["sh", "-c", "echo no >&2; exit 3"],
    onFailure: ["echo", "the journal"],
  };
  const shown = (command: Command) =>
    spawnSync("sh", ["-c", `exec 9>&2; ${commandLine(command)}`], { encoding: "utf8" });
  deepEqual([shown(fails).status, shown(fails).stderr], [3, "no\nthe journal\n"]);
  equal(shown({ ...fails, argv: ["true"] }).stderr, "");
});
