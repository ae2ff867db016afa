import assert from "node:assert/strict";
import type { Checked } from "../../../provider/check/check.js";
import type { Member } from "../../../provider/check/member.js";
import { KindLifecycle } from "../../../provider/shells/lifecycle/lifecycle.js";
import { MeshCheckLifecycle, resultsOf } from "../../../provider/shells/lifecycle/mesh-check.js";
import type { Props } from "../../../provider/shells/lifecycle/props.js";
import { Session } from "../../../provider/shells/lifecycle/session.js";
import { FakeHost, toy } from "../../support/fake-host.js";

const plan = {
  alpha: { address: "192.168.1.1", subnet: "172.30.0.0/24", bridgeAddress: "172.30.0.1/24" },
  beta: { address: "192.168.1.2", subnet: "172.30.1.0/24", bridgeAddress: "172.30.1.1/24" },
};
const hosts = { alpha: { endpoint: "root@192.168.1.1:22" }, beta: { endpoint: "root@192.168.1.2:22" } };
const news: Props = { plan, hosts };
const cell = (from: string, to: string, well: boolean) => ({
  ...{ from, to, well, largest: 1500, mtu: 1500, roundTrip: 0.3 },
  wrong: well ? [] : ["icmp", "tcp"],
  ...(well ? {} : { reason: { where: "beta", why: "a rule dropped it", todo: "take it away" } }),
});
const seen = (well: boolean): Checked => ({
  cells: [cell("alpha", "beta", well), cell("beta", "alpha", true)],
  stands: {},
  absent: {},
  closed: {},
});
const reached = { reached: true };

class QuietSession extends Session {
  readonly lines: string[] = [];
  readonly fake = new FakeHost("alpha");
  constructor() {
    super([]);
  }
  override tell = (text: string): void => {
    this.lines.push(text);
  };
  override startLooking = (): void => {};
  override host = (): FakeHost => this.fake;
  override machine = async (): Promise<string> => "m1";
}

function started(well = true) {
  const session = new QuietSession();
  const asked: Member[][] = [];
  const life = new MeshCheckLifecycle(session, async ({ members }) => {
    asked.push([...members]);
    return seen(well);
  });
  return { session, asked, life };
}

/** A check that finds nothing: the tests look at the connections by which it was asked. */
const nothing = async (): Promise<Checked> => ({ cells: [], stands: {}, absent: {}, closed: {} });

describe("the check of an up", () => {
  it("keeps the hosts that are reached, and the reason for each other one, without a timing", async () => {
    const { life, asked, session } = started(false);
    const { outs } = await life.create(news);
    assert.deepEqual(outs, {
      ...news,
      results: {
        alpha: { beta: { reached: false, reason: "icmp, tcp: beta: a rule dropped it; take it away" } },
        beta: { alpha: reached },
      },
    });
    assert.deepEqual(session.lines, [
      "check: alpha does not reach beta: icmp, tcp: beta: a rule dropped it; take it away",
    ]);
    assert.deepEqual(
      asked.flat().map(({ name, declared }) => [name, declared.routes.map(({ peer }) => peer)]),
      [
        ["alpha", ["beta"]],
        ["beta", ["alpha"]],
      ],
    );
  });

  it("names a host that was not checked in each of its directions", () => {
    const found = resultsOf(["alpha", "beta"], {
      cells: [],
      stands: {},
      absent: { beta: "not reached: x" },
      closed: {},
    });
    const out = { reached: false, reason: "beta was not checked: not reached: x" };
    assert.deepEqual(found, { alpha: { beta: out }, beta: { alpha: out } });
  });

  it("takes a host called constructor for what it is", async () => {
    const names = ["alpha", "constructor"];
    const cells = [cell("alpha", "constructor", true), cell("constructor", "alpha", true)];
    assert.deepEqual(resultsOf(names, { cells, stands: {}, absent: {}, closed: {} }), {
      alpha: { constructor: reached },
      constructor: { alpha: reached },
    });
    const { life, asked } = started();
    const odd = { plan: { alpha: plan.alpha, constructor: plan.beta }, hosts: { alpha: hosts.alpha } };
    await life.create({ ...odd, connections: {} });
    assert.deepEqual(
      asked.flat().map(({ declared }) => declared.bridge.endpoint),
      [hosts.alpha.endpoint, ""],
    );
  });

  it("reaches each host by its own connection, and keeps it with the inputs", async () => {
    const session = new QuietSession();
    const logins: unknown[] = [];
    session.host = (...words: readonly unknown[]): FakeHost => {
      logins.push(words);
      return session.fake;
    };
    const connections = { beta: { host: "192.168.1.2", proxy: { host: "bastion" } } };
    const withLogin = { ...news, connections };
    const { outs } = await new MeshCheckLifecycle(session, nothing).create(withLogin);
    assert.deepEqual(logins, [
      ["alpha", hosts.alpha.endpoint, undefined],
      ["beta", hosts.beta.endpoint, connections.beta],
    ]);
    assert.deepEqual(outs["connections"], connections);
  });

  it("counts a user-defined network as its host", () => {
    const cells = [
      cell("alpha", "beta", true),
      cell("alpha/side", "beta", false),
      cell("beta", "alpha", true),
    ];
    assert.deepEqual(resultsOf(["alpha", "beta"], { cells, stands: {}, absent: {}, closed: {} }), {
      alpha: {
        beta: {
          reached: false,
          reason: "alpha/side to beta: icmp, tcp: beta: a rule dropped it; take it away",
        },
      },
      beta: { alpha: reached },
    });
  });

  it("is due after a change, after a red one, with another plan, and else not", async () => {
    const green = { ...news, results: { alpha: { beta: reached }, beta: { alpha: reached } } };
    const red = { ...news, results: { alpha: { beta: { reached: false } } } };
    const due = async (olds: Props, now: Props = news, changes = false) => {
      const { life, session, asked } = started();
      session.changes = changes;
      const diff = await life.diff("check", olds, now);
      assert.deepEqual([diff.replaces, asked], [[], []], "a preview asks no host");
      return diff.changes;
    };
    assert.deepEqual(
      [await due(green), await due(red), await due(green, news, true), await due({ ...news })],
      [false, true, true, true],
    );
    assert.equal(await due(green, { ...news, plan: { alpha: plan.alpha } }), true);
  });

  it("learns of a change from the resources before it", async () => {
    const kept = { host: "alpha", endpoint: "root@192.168.1.1:22", value: "v", level: "" };
    const changesAfter = async (act: (life: KindLifecycle<never, never>) => Promise<unknown>) => {
      const session = new QuietSession();
      await act(new KindLifecycle(toy, session) as unknown as KindLifecycle<never, never>);
      return session.changes;
    };
    assert.equal(await changesAfter((life) => life.diff("id", kept, kept)), false);
    assert.equal(await changesAfter((life) => life.diff("id", kept, { ...kept, value: "w" })), true);
    assert.equal(await changesAfter((life) => life.diff("id", { ...kept, found: ["x"] }, kept)), true);
    assert.equal(await changesAfter((life) => life.check(kept, kept)), false);
    assert.equal(await changesAfter((life) => life.check({}, kept)), true);
  });

  it("is read without asking a host, and leaves nothing to delete", async () => {
    const { life, asked } = started();
    const props = { ...news, results: {}, __provider: "text" };
    assert.deepEqual(await life.read("check", props), { id: "check", props, inputs: news });
    await life.delete();
    assert.deepEqual(asked, []);
  });
});
