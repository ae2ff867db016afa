/** confirm.sh itself, run by every sh there is here: in a folder that stands for the host, without systemd. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type Command, quote } from "../../../provider/engine/command.js";
import { confirmScript } from "../../../provider/host/confirm/script.js";
import { undoSteps } from "../../../provider/host/confirm/steps.js";

const token = "0123456789abcdef";

class Folder {
  readonly path = mkdtempSync(join(tmpdir(), "dockroute-confirm-"));

  constructor(private readonly shell: readonly string[]) {
    for (const each of ["etc/systemd/system/multi-user.target.wants", "run/systemd/system", "programs"]) {
      mkdirSync(join(this.path, each), { recursive: true });
    }
    // Each call of systemd's programs is noted; timers and units are tried on real hosts.
    for (const name of ["systemctl", "systemd-run"]) {
      const fails = name === "systemctl" ? '[ "$1 $2" != "-q is-active" ]' : `[ ! -e ${this.path}/no-timer ]`;
      const stub = `#!/bin/sh\necho "${name} $*" >>${this.path}/calls\n${fails} || { echo no timer >&2; exit 1; }\n`;
      writeFileSync(join(this.path, "programs", name), stub);
      chmodSync(join(this.path, "programs", name), 0o755);
    }
    if (shell[0] === "busybox") symlinkSync("/bin/busybox", join(this.path, "programs/sh"));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  file(path: string): string {
    return join(this.path, path);
  }

  has(path: string): boolean {
    return existsSync(this.file(path));
  }

  read(path: string): string {
    return readFileSync(this.file(path), "utf8");
  }

  calls(): readonly string[] {
    return this.has("calls") ? this.read("calls").trim().split("\n") : [];
  }

  /** The text with this folder in place of the host's own. */
  inside(text: string): string {
    return text
      .replaceAll(/(?<![\w/.])\/(etc|run)\//g, `${this.path}/$1/`)
      .replaceAll(/PATH=\S+ LC_ALL=C/g, `PATH=${this.path}/programs:$PATH LC_ALL=C`);
  }

  /** Calls one verb after another in one shell. */
  calling(...verbs: readonly (readonly string[])[]): { readonly code: number | null; readonly told: string } {
    const script = [
      `PATH=${this.path}/programs:$PATH`,
      'dockroute_mark() { echo "mark $*"; }',
      'tell() { printf "%s: %s\\n" "$1" "$2"; }',
      `transaction_text=${quote([this.inside(confirmScript)])} && eval "$transaction_text"`,
      ...verbs.map((words) => `transaction ${quote(words.map((word) => this.inside(word)))} || exit 9`),
      "exit 0\n",
    ].join("\n");
    const [program = "", ...args] = this.shell;
    const { status, stdout, stderr } = spawnSync(program, args, { input: script, encoding: "utf8" });
    return { code: status, told: stdout + (status === 0 ? "" : stderr) };
  }

  /** Runs the undo program as a trigger does. */
  takeBack(...by: readonly string[]): number | null {
    const [program = "", ...args] = this.shell;
    const { status } = spawnSync(program, [...args, this.file("etc/dockroute/pending/undo"), ...by]);
    return status;
  }
}

const sh = (script: string, why = "try it", stdin?: string): Command => ({
  why,
  argv: ["sh", "-c", script],
  ...(stdin === undefined ? {} : { stdin }),
});
const steps = (commands: readonly Command[], why = "make it new"): string =>
  undoSteps({ why, commands, token });
const lock = ["lock", "ana@laptop, pid 1, to make it new", "1", "1"];

for (const shell of [["sh"], ["bash", "--posix"], ["busybox", "sh"]]) {
  describe(`confirm.sh in ${shell.join(" ")}`, function () {
    this.timeout(60_000);
    let host: Folder;
    before(function () {
      if (spawnSync(shell[0] ?? "", ["-c", ":"]).error !== undefined) this.skip();
    });
    beforeEach(() => {
      host = new Folder(shell);
    });
    afterEach(() => host.remove());
    const arm = (commands: readonly Command[], why?: string) => ["arm", token, "60", steps(commands, why)];

    it("arms, gives a step its turn, and keeps the change: nothing is left", () => {
      const armed = host.calling(lock, ["recover"], arm([sh("true")]));
      deepEqual(armed, { code: 0, told: "" });
      equal(statSync(host.file("etc/dockroute/pending")).mode & 0o777, 0o700);
      match(host.read("etc/systemd/system/dockroute-undo.service"), /^ExecStart=\/bin\/sh \S+undo boot$/m);
      ok(host.has("etc/systemd/system/multi-user.target.wants/dockroute-undo.service"));
      match(host.calls().at(-1) ?? "", /--unit=dockroute-undo-0123-1 --on-active=60s .* timer$/);
      deepEqual(host.calling(["confirm", token]), { code: 0, told: "confirmed: \n" });
      deepEqual(
        [host.has("etc/dockroute"), host.has("etc/systemd/system/dockroute-undo.service")],
        [false, false],
      );
      ok(!host.has("run/dockroute.lock"));
    });

    it("starts the next timer before it stops the last one", () => {
      equal(host.calling(lock, arm([sh("true")]), ["turn"], ["turn"]).code, 0);
      const timers = host.calls().map((call) => /dockroute-undo-0123-\d+(?:\.timer)?/.exec(call)?.[0]);
      deepEqual(
        timers,
        [1, 2, "1.timer", 3, "2.timer"].map((each) => `dockroute-undo-0123-${each}`),
      );
    });

    it("gives no turn once the change was taken back, and tells what became of it", () => {
      host.calling(arm([sh(`echo old >${host.file("state")}`)]));
      equal(host.takeBack(), 0);
      equal(host.read("state"), "old\n");
      const turn = host.calling(["confirm", token], ["recover"]);
      match(turn.told, /^undone: \S+Z by hand: undone: make it new\nundone-before: \S+Z by hand: undone/);
      ok(!host.has("etc/dockroute"));
    });

    it("neither keeps nor takes back a change of another token", () => {
      host.calling(arm([sh("true")]));
      match(host.calling(["confirm", "fedcba9876543210"]).told, /^undone: /);
      match(host.calling(["undo", "fedcba9876543210"]).told, /^undone: /);
      ok(host.has("etc/dockroute/pending/undo"));
      match(host.calling(["undo", token]).told, /^undone: \S+Z by dockroute: undone: make it new\n/);
      ok(!host.has("etc/dockroute"));
    });

    it("keeps the program where a step fails, runs the later ones, and lets nothing pass before it is mended", () => {
      const state = host.file("state");
      const first = sh(`[ -e ${state}.way ]`, "find the way back");
      host.calling(arm([first, sh(`echo old >${state}`)]));
      equal(host.takeBack("timer"), 1);
      equal(host.read("state"), "old\n");
      const failed = "by timer: not undone in full, these steps failed: find the way back: make it new";
      match(host.read("etc/dockroute/last-undo"), new RegExp(failed));
      const next = host.calling(lock, ["recover"]);
      deepEqual([next.code, /^stuck: .*by the next change: not undone in full/.test(next.told)], [9, true]);
      writeFileSync(`${state}.way`, "");
      match(
        host.calling(lock, ["recover"]).told,
        /^undone-before: \S+Z by the next change: undone: make it new\n$/,
      );
      ok(!host.has("etc/dockroute"));
    });

    it("at boot waits for no service, and leaves what follows a restart for afterwards", () => {
      const state = host.file("state");
      const restart: Command = { why: "restart Docker", argv: ["systemctl", "restart", "docker"] };
      host.calling(arm([sh(`echo first >>${state}`), restart, sh(`echo rest >>${state}`)]));
      equal(host.takeBack("boot"), 0);
      deepEqual(host.calls().slice(-2), [
        "systemctl --no-block restart docker",
        `systemd-run --quiet --collect --no-block --unit=dockroute-undo-rest -p After=docker.service -p Wants=docker.service /bin/sh ${host.file("etc/dockroute/pending/undo")} boot-rest`,
      ]);
      equal(host.read("state"), "first\n");
      equal(host.takeBack("boot-rest"), 0);
      equal(host.read("state"), "first\nrest\n");
      match(host.read("etc/dockroute/last-undo"), /by boot: undone/);
    });

    it("refuses with nothing left where there is no timer, and says what systemd said", () => {
      writeFileSync(host.file("no-timer"), "");
      const { code, told } = host.calling(lock, arm([sh("true")]));
      equal(code, 9);
      match(told, /^refused: systemd was not given the timer .*\(no timer\)\n/);
      deepEqual([host.has("etc/dockroute"), host.has("run/dockroute.lock")], [false, false]);
    });

    it("makes a lock that only root can open, and tells for whom it waits", () => {
      const script = `exec 9>>${host.file("run/dockroute.lock")}; flock 9; echo bob >&9; sleep 8`;
      const other = spawnSync("sh", ["-c", `(${script}) >/dev/null 2>&1 & sleep 0.5`]);
      equal(other.status, 0);
      deepEqual(host.calling(lock), { code: 9, told: "waiting: bob\nbusy: bob\n" });
      rmSync(host.file("run/dockroute.lock"));
      const mode = [
        "arm",
        token,
        "60",
        `stat -c %a ${host.file("run/dockroute.lock")} >${host.file("mode")}`,
      ];
      host.calling(lock, arm([sh(mode[3] ?? "")]), ["undo", token]);
      equal(host.read("mode"), "600\n");
    });

    it("runs each step with exactly its words and its input, whatever they are", () => {
      const word = fc.string({ unit: fc.constantFrom(..."ab 1'\"$`\\;&|<>(){}*?~#!=\n\té"), maxLength: 8 });
      const print = `{ printf '%s\\0' "$@"; cat; } >${host.file("seen")}`;
      fc.assert(
        fc.property(fc.array(word, { maxLength: 4 }), word, word, (words, stdin, why) => {
          const command = { why, argv: ["sh", "-c", print, "sh", "begin", ...words], stdin };
          equal(host.calling(arm([command], why)).code, 0);
          equal(host.takeBack(), 0);
          equal(host.read("seen"), `${["begin", ...words].map((each) => `${each}\0`).join("")}${stdin}`);
          equal(host.read("etc/dockroute/last-undo").split("\n").length, 2);
        }),
        { numRuns: 15 },
      );
    });

    it("knows no verb but its own", () => {
      match(host.calling(["forget"]).told, /transaction: no verb forget/);
    });
  });
}
