/**
 * Every error message has all that a person needs to act: the host, the step, the cause, the things changed or undone,
 * and the next step. Each error is made to happen here; a new class of error fails here until it has a case.
 */
import assert from "node:assert/strict";
import type { Answer, Command } from "../../../provider/engine/command.js";
import { batch } from "../../../provider/host/exec/batch.js";
import { failureIn, refusalIn } from "../../../provider/host/exec/failure.js";
import { type Reach, reportOf } from "../../../provider/host/exec/reach.js";
import { PlanError, planMesh } from "../../../provider/index.js";
import { ConfigError } from "../../../stacks/faults.js";
import { errors } from "../../support/errors.js";
import { readable, thrown } from "../../support/readable.js";
import { said } from "../../support/recorded.js";

const endpoint = "root@192.168.1.1:22";
const why = "give docker0 the address 172.30.1.1/24";
const undone = "Undone: yes, the host is as it was before.";
const reach: Reach = {
  name: "alpha",
  endpoint,
  limits: { idle: 1, total: 1 },
  shared: () => Promise.reject(new Error("none")),
  fresh: () => Promise.reject(new Error("none")),
  say: () => {},
};

const lost = (asks: boolean): Error => {
  const commands: Command[] = [{ why, argv: ["false"] }];
  const work = batch(commands, { stopAtFailure: !asks });
  const mark = work.ready.trim().replace(/ done$/, "");
  const stdout = `\n${mark} shell\n\n${mark} begin 0\n`;
  return thrown(() =>
    reportOf(reach, work, { code: undefined, stdout, stderr: "", lost: "it was cut" }, why, commands),
  );
};
const told = (word: string, text: string): Error => {
  const work = batch([], { stopAtFailure: true });
  const refusal = refusalIn(reach, why, work.read(`${work.tellMark} ${word} ${text}\n`, ""));
  assert.ok(refusal !== undefined);
  return refusal;
};
const failed = (code: number | undefined, text: string, ...kind: readonly "probe"[]) => {
  const probe = kind.includes("probe") ? { probe: true as const } : {};
  const purposes = ["first", why, why, "last", "last"];
  const commands: Command[] = purposes.map((each) => ({ why: each, argv: ["ip", "x y"], ...probe }));
  const answers: Answer[] = [said(""), { code, stdout: "", stderr: text }];
  const failure = failureIn(reach, commands, answers);
  assert.ok(failure !== undefined);
  return failure;
};

/** By class: calls that raise it, and the words that its message must hold besides host, outcome and advice. */
const kinds: Readonly<Record<string, readonly (readonly [() => Error, ...(string | RegExp)[]])[]>> = {
  HostStillAlive: [
    [() => new errors.HostStillAlive("alpha", endpoint, ""), "gone: true", "still answers"],
    [
      () => new errors.HostStillAlive("alpha", endpoint, "the login as root was refused"),
      "gone: true",
      "may still be there: the login as root was refused",
      "switch it off",
    ],
  ],
  Unreachable: [
    [
      () => new errors.Unreachable("alpha", endpoint, "the connection was refused", "Check that sshd runs."),
      endpoint,
      "refused",
    ],
    [
      () =>
        thrown(() =>
          reportOf(
            reach,
            batch([], { stopAtFailure: false }),
            { code: 1, stdout: "", stderr: "sudo: a password is required" },
            why,
            [],
          ),
        ),
      "no root shell",
      "a password is required",
      "NOPASSWD",
    ],
    [
      () =>
        thrown(() =>
          reportOf(
            reach,
            batch([], { stopAtFailure: false }),
            { code: 1, stdout: "This account is not available", stderr: "" },
            why,
            [],
          ),
        ),
      "no root shell",
      "login shell",
    ],
  ],
  UnexpectedOutput: [
    [
      () => new errors.UnexpectedOutput("alpha", "alpha/bridge", "ip -j addr", "no"),
      "alpha/bridge",
      "`ip -j addr`",
      '"no"',
    ],
  ],
  ConnectionLost: [
    [() => lost(false), endpoint, why, "it was cut"],
    [() => lost(true), endpoint, why, "it was cut", "nothing was changed by it"],
  ],
  CommandFailed: [
    [
      () => failed(2, "RTNETLINK answers: no"),
      why,
      "`ip 'x y'` exited with 2",
      "RTNETLINK answers: no",
      "Done before it: first. Not done: last. ",
    ],
    [() => failed(1, ""), why, "printed nothing"],
    [() => failed(undefined, "cut"), why, "exited with no status"],
    [() => failed(1, "x").rolledBack(undone, true), why, undone],
    [() => failed(1, "x", "probe"), why, /: x\. Nothing was changed\. Correct/],
  ],
  NotConfirmed: [
    [
      () => new errors.NotConfirmed("alpha", why, "a new connection could not be made: no way.", undone),
      why,
      "no way",
    ],
  ],
  HostBusy: [
    [() => told("busy", "ana@laptop, pid 7, to x"), why, "ana@laptop, pid 7", "300 s"],
    [() => told("busy", ""), why, "an unnamed process"],
  ],
  NotReadAgain: [
    [
      () => new errors.NotReadAgain("alpha", "alpha/to/beta", "no answer"),
      "alpha/to/beta",
      "could not be read again: no answer",
    ],
  ],
  NotConverged: [
    [
      () => new errors.NotConverged("alpha", "alpha/bridge", ["restart Docker"], `${undone} `),
      "alpha/bridge",
      "still pending: restart Docker",
    ],
  ],
  Refused: [
    [
      () => told("stuck", "these steps failed: x"),
      why,
      "an earlier change is not yet undone",
      "these steps failed: x",
    ],
    [
      () =>
        told(
          "refused",
          "systemd does not run on this host, and without it nothing could be undone; boot it with systemd",
        ),
      why,
      "systemd does not run",
    ],
  ],
  NotReady: [
    [
      () => new errors.NotReady("alpha", "alpha/bridge", ["Docker does not answer"]),
      "alpha/bridge",
      "Docker does not answer",
    ],
  ],
  NoImport: [
    [
      () =>
        new errors.NoImport(
          "alpha/to/beta",
          "the config names no host alpha. Add it to dockroute:hosts, where an import finds its host.",
        ),
      "alpha/to/beta",
      "names no host alpha",
    ],
  ],
  PartlyRefused: [
    [
      () =>
        new errors.PartlyRefused("alpha", "alpha/routes", [
          { property: "routes.gamma.gateway", reason: "203.0.113.9 is on no link of alpha" },
        ]),
      "alpha/routes",
      "routes.gamma.gateway: 203.0.113.9 is on no link",
      "the rest is as wanted",
    ],
  ],
  SeveralFailed: [
    [
      () => new errors.SeveralFailed([failed(1, "x"), failed(2, "y")]),
      why,
      "exited with 1: x",
      "exited with 2: y",
    ],
  ],
  RolloutStopped: [[() => new errors.RolloutStopped("alpha", "beta"), "beta failed at its own restart"]],
  InternalError: [
    [
      () => new errors.InternalError("alpha", "alpha/bridge", new TypeError("x is no function")),
      "alpha/bridge",
      "TypeError: x is no function",
      "report",
    ],
  ],
};

/** Never shown alone: a record for the engine of another error, or the reason within a NotConfirmed. */
const within = ["DockrouteError", "PartiallyApplied", "Unhealthy"];

describe("a message", () => {
  it("has a case here for every error class", () => {
    const classes = Object.entries(errors)
      .filter(([, value]) => typeof value === "function" && value.prototype instanceof Error)
      .map(([name]) => name);
    assert.deepEqual(classes.sort(), [...Object.keys(kinds), ...within].sort());
  });

  for (const [name, cases] of Object.entries(kinds)) {
    it(`of ${name} names host, step, cause, what was changed, and what to do`, () => {
      for (const [make, ...parts] of cases) {
        const error = make();
        assert.equal(error.constructor.name, name);
        readable(error.message, "alpha", parts);
      }
    });
  }

  it("of an unhealthy host stands within that of its rollback", () => {
    const inner = new errors.Unhealthy("alpha", "alpha/bridge", ["not back yet: box"]);
    readable(new errors.NotConfirmed("alpha", why, inner.message, undone).message, "alpha", [
      "not back yet: box",
      why,
    ]);
    const half = new errors.PartiallyApplied("alpha: x", "alpha/bridge", {});
    assert.deepEqual(half.reasons, ["alpha: x"]);
  });

  it("of a plan or a config names each fault with its key and what is allowed", () => {
    const plan = thrown(() => planMesh({ pool: "172.30.0.1/16", hosts: [{ name: "A", address: "x" }] }));
    assert.ok(plan instanceof PlanError);
    assert.match(
      plan.message,
      /pool: .*host bits.*172\.30\.0\.0\/16[\s\S]*hosts\[0\]\.name: "A" is refused: a name is[\s\S]*hosts\[0\]\.address: .*like 192/,
    );
    const config = new ConfigError([{ property: "dockroute:pool", reason: "is missing" }]);
    assert.match(
      config.message,
      /^the stack's config has a fault, nothing was changed:\n - dockroute:pool: is missing$/,
    );
  });
});
