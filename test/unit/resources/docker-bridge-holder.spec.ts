import assert from "node:assert/strict";
import { type BridgeSeen, dockerBridge } from "../../../provider/resources/bridge/index.js";
import { inWords } from "../../support/recorded.js";
import {
  all,
  daemonJson,
  disruptive,
  drift,
  forgotten,
  gone,
  held,
  ours,
  record,
  refusals,
  steps,
  undone,
  wish,
  withRecord,
  written,
} from "../../support/recorded-bridge.js";

describe("a bridge", () => {
  const production = { ...wish, stack: "mesh/production" };
  const renamed = { ...production, host: "web1" };
  const mine = held(ours, "docker28/bridge of mesh/production");

  it("is taken over by a host's new name, which keeps what the first change found", () => {
    const [write, ...more] = steps(renamed, mine);
    assert.deepEqual([write?.quick, more], [["write", record, "600", "0:0"], []]);
    assert.deepEqual(JSON.parse(write?.stdin ?? ""), {
      bip: "172.17.0.1/16",
      file: { mode: "644", owner: "0:0", path: daemonJson },
      holder: "web1/bridge of mesh/production",
    });
    assert.deepEqual(refusals(renamed, mine), []);
    assert.deepEqual(drift(renamed, mine), [`${record}: held by docker28/bridge of mesh/production`]);
  });

  it("leaves docker0 to the successor that holds it, also with other values", () => {
    const successors = held(ours, "web1/bridge of mesh/production");
    for (const each of [production, { ...production, bip: "172.30.64.1/24" }]) {
      assert.deepEqual(undone(each, successors), []);
      assert.deepEqual(disruptive.lost(each, successors), []);
      assert.ok(gone(each, successors));
    }
    assert.deepEqual(
      undone(production, {
        ...successors,
        routes: all.routes,
        scripts: {
          ...successors.scripts,
          files: new Map([...all.scripts.files, ...successors.scripts.files]),
        },
      }),
      [],
    );
  });

  it("is refused by name where another stack holds docker0, also with the same id and the same values", () => {
    const reason =
      "docker28/bridge of the stack mesh/production holds this on the host; two stacks cannot share one Docker host: " +
      "take the host out of one of them and run `pulumi up` there first";
    for (const each of [wish, { ...wish, bip: "172.30.64.1/24" }, { ...wish, host: "web1" }]) {
      const staging = { ...each, stack: "mesh/staging" };
      assert.deepEqual(refusals(staging, mine), [reason]);
      assert.deepEqual(undone(staging, mine), []);
    }
  });

  it("keeps docker0 where the stack was renamed, or is not known", () => {
    const stackRenamed = { ...wish, stack: "mesh/live", lastStack: "mesh/production" };
    assert.deepEqual(drift(stackRenamed, mine), []);
    assert.deepEqual(refusals(stackRenamed, mine), []);
    assert.match(steps(stackRenamed, mine)[0]?.stdin ?? "", /"docker28\/bridge of mesh\/live"/);
    assert.deepEqual(steps(wish, mine), []);
  });

  it("writes its holder into a record of 0.1.0, which is no drift", () => {
    const { bip, file } = JSON.parse(ours.scripts.files.get(record) ?? "");
    const former = withRecord(ours, `${JSON.stringify({ bip, file }, undefined, 2)}\n`);
    assert.deepEqual(drift(wish, former), []);
    assert.deepEqual(
      inWords(steps(wish, former)),
      written(record, "600", `write down in ${record} what was there before`),
    );
    assert.equal(undone(wish, former).length, 4);
  });

  it("leaves a host whose Docker was removed: the old file, nothing restarted, and a warning", () => {
    const { version: _, ...silent } = ours.daemon;
    const removed = {
      ...ours,
      daemon: { ...silent, pools: [] },
      isDockerRemoved: true,
      dockerNetworks: undefined,
      links: ours.links.filter(({ name }) => name !== "docker0"),
    };
    assert.deepEqual(inWords(undone(wish, removed)), [
      `rm -f ${daemonJson}  # put daemon.json back as it was before`,
      forgotten,
    ]);
    const text =
      "Docker is no longer installed here, so daemon.json is put back as it was before and nothing is restarted. ";
    assert.equal(disruptive.lost(wish, removed)[0]?.slice(0, text.length), text);
    const purged = { ...removed, file: { ...removed.file, text: undefined } };
    assert.deepEqual(inWords(undone(wish, purged)), [forgotten]);
    // A daemon that answers is there, and one that merely does not answer is not gone.
    assert.equal(undone(wish, { ...ours, isDockerRemoved: true }).length, 4);
    assert.ok(undone(wish, { ...removed, isDockerRemoved: false }).some(({ risk }) => risk === "docker"));
  });

  it("knows which resources may be on a host and in no state", () => {
    const described = (seen: BridgeSeen) =>
      dockerBridge.orphans?.unrecorded?.(wish, seen).map((use) => use((kind, each) => kind.id(each)));
    // Of its own network, and of the part that the rules of this host are about.
    const rules = ["masquerade", "masquerade", "forward", "forward"].map((name) => `docker28/${name}`);
    assert.deepEqual(described(ours), rules);
    const routes = all.routes.filter(({ protocol }) => protocol === "219");
    const [route] = routes;
    assert.ok(route, "there is a route in the recorded answers");
    assert.deepEqual(described({ ...ours, routes }), [...rules, `docker28/to/${route.gateway}`]);
    const head = (path: string, lines: readonly string[]) =>
      ({
        ...ours,
        routes,
        scripts: { ...ours.scripts, files: new Map([[path, lines.join("\n")]]) },
      }) as const;
    const about = "# The route to peer: 172.30.32.0/20 is reached through 10.213.5.99.";
    const former = head("/etc/dockroute/parts/route-172.30.32.0_20", [
      "#!/bin/sh",
      "# dockroute docker28/to/peer",
      about,
    ]);
    assert.deepEqual(described(former), rules, "it goes with its script, with the bridge");
    assert.deepEqual(inWords(undone(wish, former)), [
      "find /etc/dockroute -maxdepth 2 -depth ( -path /etc/dockroute/parts/route-172.30.32.0_20 -o " +
        "( -path /etc/dockroute/parts ) -empty ) -delete  # remove /etc/dockroute/parts/route-172.30.32.0_20",
      `ip route del 172.30.32.0/20 via ${route.gateway} proto 219  # remove the route to 172.30.32.0/20 through ${route.gateway}`,
    ]);
    const now = head("/etc/dockroute/scripts/40-route-01234567", [
      ...["#!/bin/sh", "# dockroute docker28/to/peer of mesh/production", about],
      "# subject: 172.30.32.0/20",
    ]);
    assert.deepEqual(described(now), rules);
    const limited = head("/etc/dockroute/scripts/10-forward-01234567", [
      ...["#!/bin/sh", "# dockroute docker28/forward", "# The peers may enter 172.30.16.7/32."],
      "# subject: 172.30.16.7/32 icmp tcp/443",
    ]);
    assert.deepEqual(described({ ...limited, routes: [] }), [...rules, "docker28/forward"]);
    assert.deepEqual(described(held(ours, "web1/bridge")), []);
  });
});
