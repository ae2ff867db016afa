import assert from "node:assert/strict";
import { pathOf } from "../../../provider/boot/script.js";
import { type Claims, due, parts } from "../../../provider/engine/claim.js";
import type { Seen } from "../../../provider/engine/fact.js";
import type { Remembered } from "../../../provider/engine/kind.js";
import { refreshed } from "../../../provider/engine/survey.js";
import { peerRoute } from "../../../provider/resources/route/index.js";
import { routesLeftBehind } from "../../../provider/resources/route/left-behind.js";
import {
  areTogether,
  type PeerRoutesInputs,
  peerRoutes,
  together,
} from "../../../provider/resources/routes/index.js";
import { seenBy, tablesOf } from "../../support/kind-tables.js";
import { inWords, moment } from "../../support/recorded.js";

type PeerRoutesSeen = Seen<typeof peerRoutes.facts>;
const { steps, undo, drift, gone, refusals, obstacles } = tablesOf(peerRoutes);

const image = "docker28";
const { route } = moment(image, "ours").wishes;
const { host, endpoint, peer, ...way } = route;
const other = { destination: "172.31.7.0/24", gateway: way.gateway };
const wish: PeerRoutesInputs & Remembered = {
  ...{ host, endpoint, routes: { [peer]: way, other } },
  stack: "mesh/test",
};
const id = `${host}/routes`;
const fresh = seenBy(peerRoutes, wish, image, "fresh");
const script = pathOf({ kind: "route", subject: way.destination });
const otherScript = pathOf({ kind: "route", subject: other.destination });

/** The host after these commands, as far as they write scripts and routes. */
function made(seen: PeerRoutesSeen, claims: Claims): PeerRoutesSeen {
  const files = new Map(seen.scripts.files);
  let routes = [...seen.routes];
  for (const { argv, stdin } of due(claims)) {
    const line = argv[0] === "sh" ? (stdin ?? "").split("\n").at(-2) : argv.join(" ");
    const [, destination, gateway, link] = / replace (\S+) via (\S+) dev (\S+)/.exec(line ?? "") ?? [];
    if (destination !== undefined && gateway !== undefined && link !== undefined) {
      routes = routes.filter((each) => each.destination !== destination);
      routes.push({ destination, gateway, interface: link, protocol: "219" });
    }
    if (argv[0] === "ip" && argv[2] === "del") routes = routes.filter((each) => each.destination !== argv[3]);
    if (argv[0] === "rm") files.delete(argv.at(-1) ?? "");
  }
  return { ...seen, routes, scripts: { ...seen.scripts, files } };
}

/** The host as it is once each script that `up` loads lies there. */
function settled(inputs: PeerRoutesInputs & Remembered, seen: PeerRoutesSeen): PeerRoutesSeen {
  const after = made(seen, peerRoutes.claims(inputs, seen));
  const files = new Map(after.scripts.files);
  for (const { argv, stdin } of steps(inputs, { ...after, routes: fresh.routes })) {
    const subject = /^# subject: (.*)$/m.exec(stdin ?? "")?.[1];
    if (argv[0] === "sh" && argv.length === 1 && subject !== undefined)
      files.set(pathOf({ kind: "route", subject }), stdin ?? "");
  }
  const ours = seenBy(peerRoutes, wish, image, "ours").scripts;
  for (const [path, text] of ours.files) if (!path.includes("/scripts/")) files.set(path, text);
  return { ...after, scripts: { files, enabled: ours.enabled } };
}

const ours = settled(wish, fresh);
const withFile = (seen: PeerRoutesSeen, path: string, change: (text: string) => string): PeerRoutesSeen => {
  const files = new Map(seen.scripts.files);
  files.set(path, change(files.get(path) ?? ""));
  return { ...seen, scripts: { ...seen.scripts, files } };
};
const withRoute = (seen: PeerRoutesSeen, to: string, change: object): PeerRoutesSeen => ({
  ...seen,
  routes: seen.routes.map((each) => (each.destination === to ? { ...each, ...change } : each)),
});
const heldBy = (holder: string) => (text: string) =>
  text.replace(/^# dockroute .*$/m, `# dockroute ${holder}`);

describe("all routes of a host", () => {
  it("has the scripts that PeerRoute has, but for the line that names the holder", () => {
    const single = peerRoute.claims({ ...route, stack: "mesh/test" }, fresh);
    const all = peerRoutes.claims(wish, fresh);
    const text = (claims: Claims) => {
      const load = due(claims).find(({ stdin }) => stdin?.includes(`# subject: ${way.destination}`));
      return (load?.stdin ?? "").split("\n");
    };
    assert.equal(text(single)[1], `# dockroute ${host}/to/${peer} of mesh/test`);
    assert.equal(text(all)[1], `# dockroute ${id} of mesh/test`);
    assert.deepEqual(text(all).toSpliced(1, 1), text(single).toSpliced(1, 1));
  });

  it("is so once it is made, and is gone once it is undone", () => {
    assert.deepEqual(steps(wish, ours), []);
    assert.deepEqual(drift(wish, ours), []);
    assert.ok(gone(wish, fresh));
    assert.deepEqual(obstacles(wish, ours), []);
    const words = inWords(undo({ ...wish }, ours));
    assert.ok(words.some((line) => line.startsWith(`ip route del ${other.destination} via`)));
    assert.ok(words.some((line) => line.startsWith(`rm -f ${script} `)));
    // Each peer loses its script before its route, or the repair would load it again.
    assert.deepEqual(
      words.filter((line) => line.includes(other.destination) || line.includes(otherScript)).length,
      2,
    );
    assert.ok(
      words.findIndex((line) => line.includes(otherScript)) <
        words.findIndex((line) => line.includes(other.destination)),
    );
    assert.ok(words.some((line) => line.includes("disable dockroute's units")));
  });

  it("leaves the units where another resource has a script", () => {
    const shared = withFile(
      ours,
      "/etc/dockroute/scripts/30-masquerade-12345678",
      () => "#!/bin/sh\n# dockroute x/masquerade of mesh/test\n",
    );
    assert.ok(!inWords(undo(wish, shared)).some((line) => line.includes("units")));
  });

  it("has a part for each peer, and one that all of them share", () => {
    assert.deepEqual(
      parts(peerRoutes.claims(wish, fresh)).map(([first]) => first?.part),
      [peer, "other", undefined],
    );
    const units = steps(wish, fresh).filter(({ why }) => why === "have systemd read dockroute's units");
    assert.equal(units.length, 1, "the units are enabled once, however many routes there are");
  });

  it("tells the drift of one peer as that peer's", () => {
    const lost = {
      ...ours,
      routes: ours.routes.filter(({ destination }) => destination !== other.destination),
    };
    assert.deepEqual(drift(wish, lost), [`other: route to ${other.destination}: absent`]);
    assert.deepEqual(
      drift(
        wish,
        withFile(ours, script, (text) => `${text}\n`),
      ),
      [`${peer}: ${script}: differs`],
    );
    const turned = withRoute(ours, other.destination, { gateway: "10.0.0.9" });
    assert.deepEqual(peerRoutes.observed(wish, turned), {
      routes: { [peer]: way, other: { ...other, gateway: "10.0.0.9" } },
    });
    const view = { seen: turned, claims: peerRoutes.claims(wish, turned) };
    const told = refreshed(peerRoutes, wish, { routes: wish.routes }, view, { pending: false })?.told;
    assert.equal(
      told,
      `found routes.other.gateway 10.0.0.9; wanted: put the route to ${other.destination} through ${other.gateway} (other) in place`,
    );
  });

  it("removes what a peer had that is no longer named, and what its old range had", () => {
    const fewer = { ...wish, routes: { [peer]: way } };
    assert.deepEqual(drift(fewer, ours), [`route to ${other.destination}: of no peer any more`]);
    assert.deepEqual(inWords(steps(fewer, ours)), [
      `rm -f ${otherScript}  # remove ${otherScript}`,
      `ip route del ${other.destination} via ${other.gateway} proto 219  # remove the route to ${other.destination} through ${other.gateway}`,
    ]);
    const moved = { ...wish, routes: { ...wish.routes, other: { ...other, destination: "172.31.8.0/24" } } };
    const words = inWords(steps(moved, ours));
    assert.ok(words.some((line) => line.includes("put the route to 172.31.8.0/24")));
    assert.ok(words.some((line) => line.startsWith(`rm -f ${otherScript} `)));
    assert.ok(!words.some((line) => line.includes(script)));
  });

  it("swaps the ranges of two peers without removing a route", () => {
    const [a, b] = [
      { ...way, destination: other.destination },
      { ...other, destination: way.destination },
    ];
    const swapped = { ...wish, routes: { [peer]: a, other: b } };
    assert.ok(
      !inWords(steps(swapped, ours)).some((line) => line.includes("route del") || line.includes("rm -f")),
    );
  });

  it("takes over the scripts of PeerRoute of its stack, and gives them back, with no route removed", () => {
    const pair = withFile(ours, script, heldBy(`${host}/to/${peer} of mesh/test`));
    const words = inWords(steps(wish, pair));
    assert.ok(words.length > 0);
    assert.ok(
      words.every((line) => line.includes(`keep it over reboots in ${script}`)),
      words.join("\n"),
    );
    // The engine deletes the predecessor last.
    const back = withFile(pair, otherScript, heldBy(`${host}/to/other of mesh/test`));
    assert.deepEqual(undo(wish, back), []);
    assert.deepEqual(tablesOf(peerRoute).undo({ ...route, stack: "mesh/test" }, ours), []);
  });

  it("is refused where another stack holds the route", () => {
    const foreign = withFile(
      withRoute(withFile(ours, script, heldBy(`${id} of mesh/other`)), way.destination, {
        gateway: "10.0.0.9",
      }),
      otherScript,
      heldBy(`${id} of mesh/other`),
    );
    const judged = peerRoutes.judge?.(wish, foreign, {});
    assert.match(judged?.leave?.[0]?.reason ?? "", /of the stack mesh\/other holds this on the host/);
    assert.deepEqual(undo(wish, foreign), []);
    assert.ok(!inWords(steps({ ...wish, routes: { other } }, foreign)).some((line) => line.includes(script)));
  });

  describe("with one peer refused", () => {
    const away = { ...wish, routes: { [peer]: way, away: { ...other, gateway: "8.8.8.8" } } };

    it("makes the others, and names that one", () => {
      const words = inWords(steps(away, fresh));
      assert.ok(words.some((line) => line.includes(`put the route to ${way.destination}`)));
      assert.ok(!words.some((line) => line.includes(other.destination)));
      assert.deepEqual(refusals(away, fresh), []);
      const { leave = [] } = peerRoutes.judge?.(away, fresh, {}) ?? {};
      assert.deepEqual(
        leave.map(({ property }) => property),
        ["routes.away.gateway"],
      );
      assert.match(leave[0]?.reason ?? "", /^8\.8\.8\.8 \(away\) is on no link of /);
    });

    it("leaves a stranger's route where it is, and still undoes its own", () => {
      const foreign = withRoute(ours, other.destination, { protocol: "static", gateway: "10.0.0.9" });
      assert.deepEqual(steps(wish, foreign), []);
      assert.deepEqual(
        peerRoutes.judge?.(wish, foreign, {}).leave?.map(({ property }) => property),
        ["routes.other.destination"],
      );
      const words = inWords(undo(wish, foreign));
      assert.ok(words.some((line) => line.startsWith(`rm -f ${otherScript} `)));
      assert.ok(!words.some((line) => line.includes("10.0.0.9")));
    });

    it("takes its script away where a stranger's route leads there already", () => {
      const foreign = withRoute(ours, other.destination, { protocol: "static" });
      assert.deepEqual(inWords(steps(wish, foreign)), [`rm -f ${otherScript}  # remove ${otherScript}`]);
      assert.deepEqual(peerRoutes.judge?.(wish, foreign, {}), { leave: [] });
    });

    it("is refused as a whole where no peer is left", () => {
      const none = { ...wish, routes: { away: { ...other, gateway: "8.8.8.8" } } };
      assert.equal(refusals(none, fresh).length, 1);
    });

    it("keeps a route that is there, whatever is wrong with it", () => {
      const policy = { ...ours, resolvers: ["172.31.7.9"] };
      const pair = withFile(policy, otherScript, heldBy(`${host}/to/other of mesh/test`));
      assert.ok(inWords(steps(wish, pair)).every((line) => line.includes(otherScript)));
      assert.equal(peerRoutes.judge?.(wish, pair, {}).leave?.[0]?.property, "routes.other.destination");
    });
  });

  it("is left to the host's bridge where the host was not reached", () => {
    assert.equal(peerRoutes.orphans?.heir?.(wish), `${host}/bridge`);
    const left = inWords(removals(routesLeftBehind(host, ours)));
    for (const part of [
      script,
      otherScript,
      `route del ${way.destination}`,
      `route del ${other.destination}`,
    ])
      assert.ok(
        left.some((line) => line.includes(part)),
        part,
      );
  });

  it("is told from one resource a route by the scripts", () => {
    assert.ok(areTogether(host, ours));
    assert.ok(!areTogether(host, seenBy(peerRoutes, wish, image, "ours")));
    assert.deepEqual(together([route]), { host, endpoint, routes: { [peer]: way } });
    assert.equal(together([]), undefined);
  });

  it("names every fault of its inputs at once", () => {
    const routes = {
      A: { destination: "172.30.2.0/24", gateway: "192.168.1.2" },
      b: { destination: "172.30.2.0/24", gateway: "x" },
    };
    assert.deepEqual(faultsOf({ host: "alpha", endpoint: "root@a:22", routes }), ["routes.b.gateway"]);
    routes.b.gateway = "192.168.1.3";
    assert.deepEqual(faultsOf({ host: "alpha", endpoint: "root@a:22", routes }), [
      "routes.A",
      "routes.b.destination",
    ]);
    assert.deepEqual(faultsOf({ host: "alpha", endpoint: "root@a:22", routes: {} }), ["routes"]);
    assert.equal(peerRoutes.id(wish), id);
  });
});

function faultsOf(raw: Readonly<Record<string, unknown>>): readonly string[] {
  const checked = peerRoutes.check(raw);
  return "faults" in checked ? checked.faults.map(({ property }) => property) : [];
}

function removals(claims: Claims) {
  return claims.flatMap(({ remove }) => ("reason" in remove ? [] : remove));
}
