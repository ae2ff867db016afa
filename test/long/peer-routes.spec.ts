/** All routes of a host as one resource, and a stack that goes from one resource a route to it and back. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { boxAddress } from "../../lab/probe.js";
import type { Snapshot } from "../../lab/snapshot.js";
import type { HostStatus } from "../../provider/check/status.js";
import { PartlyRefused } from "../../provider/engine/errors/refused.js";
import { peerRoutes } from "../../provider/resources/routes/index.js";
import { Driver } from "../support/drive.js";
import { amiss } from "../support/mesh.js";
import { scriptOf } from "../support/names.js";
import { changed, succeeded } from "../support/scene.js";
import { Site } from "../support/site.js";
import { type Config, meshConfig, type Ran, type Stack } from "../support/stack.js";
import { type Counted, counted, ping, routeEvents } from "../support/streams.js";

const names = ["alpha", "beta", "gamma"];
const pairs = names.flatMap((from) => names.filter((to) => to !== from).map((to) => `${from}-to-${to}`));
const bundles = names.map((name) => `${name}-routes`);

describe("all routes of a host as one resource", () => {
  let site: Site;
  let stack: Stack;
  let fresh: ReadonlyMap<string, Snapshot>;
  let alpha: Host;
  let beta: Host;
  let gamma: Host;

  before(async () => {
    site = await Site.up("prroutes", { alpha: "docker28", beta: "docker28", gamma: "docker28" });
    [alpha, beta, gamma] = [site.lab.host("alpha"), site.lab.host("beta"), site.lab.host("gamma")];
    fresh = await site.snapshots();
    stack = await site.stack("prroutes", withRoutes("host"));
  });
  after(() => site?.down());

  function withRoutes(routes: "pair" | "host"): Config {
    const config = meshConfig(site.lab);
    const connection = { ...Object(config["connection"]), perDialTimeout: 3, dialErrorLimit: 1 };
    return { ...config, connection, routes };
  }

  const up = () => stack.up("--continue-on-error");
  const routesOf = (host: Host) => host.run("ip -4 route show proto 219");

  it("makes the others where a peer's gateway is wrong, and names that one", async () => {
    const driver = new Driver(site.lab);
    const routes = {
      beta: { destination: "172.30.1.0/24", gateway: beta.address },
      gamma: { destination: "172.30.2.0/24", gateway: "203.0.113.9" },
    };
    try {
      await assert.rejects(driver.make(peerRoutes, "alpha", { routes }), (error: unknown) => {
        assert.ok(error instanceof PartlyRefused, `${error}`);
        assert.match(error.message, /^alpha: [^\n]*\n - routes\.gamma\.gateway: 203\.0\.113\.9 \(gamma\)/);
        assert.doesNotMatch(error.message, /beta/);
        return true;
      });
      assert.equal(await routesOf(alpha), `172.30.1.0/24 via ${beta.address} dev eth0 \n`);
      await driver.remove(peerRoutes, "alpha", { routes });
    } finally {
      await driver.close();
    }
    assert.deepEqual(await site.changedSince(fresh, ["alpha"]), []);
  });

  it("is made on the others where a peer is down", async () => {
    await site.lab.setLink("gamma", "down");
    let ran: Ran;
    try {
      ran = await up();
    } finally {
      await site.lab.setLink("gamma", "up");
    }
    assert.notEqual(ran.code, 0, ran.text);
    for (const name of ["alpha-routes", "beta-routes"]) assert.ok(changed(ran).includes(name), ran.text);
    assert.deepEqual(await amiss([alpha, beta]), []);
    assert.match(await routesOf(alpha), /172\.30\.2\.0\/24 via/);
    succeeded(await up());
    assert.deepEqual(await amiss(site.lab.hosts), []);
    assert.deepEqual(changed(succeeded(await up())), []);
  });

  it("shows the peer whose route was changed by hand, and mends it alone", async () => {
    await Promise.all([alpha, beta].map((host) => host.run("systemctl stop dockroute-repair.timer")));
    await alpha.run(`ip route change 172.30.2.0/24 via ${beta.address} proto 219`);
    await beta.run("ip route del 172.30.2.0/24");
    const { code, stdout } = await stack.command(["npx", "dockroute", "status", "--json", ...selected()]);
    assert.equal(code, 1, stdout);
    const hosts = JSON.parse(stdout) as readonly HostStatus[];
    assert.deepEqual(
      hosts.map(({ routes, drift }) => ({ routes, drift })),
      [
        {
          routes: { well: 1, wanted: 2 },
          drift: [`alpha/routes: routes.gamma.gateway ${beta.address}`],
        },
        { routes: { well: 1, wanted: 2 }, drift: ["beta/routes: gamma: route to 172.30.2.0/24: absent"] },
        { routes: { well: 2, wanted: 2 }, drift: [] },
      ],
    );
    const preview = succeeded(await stack.preview()).text;
    assert.match(preview, new RegExp(`gateway *: "${beta.address}" => "${gamma.address}"`), preview);
    assert.match(preview, /~ gamma *: \{/);
    assert.doesNotMatch(preview, /~ (alpha|beta) *: \{/);
    assert.ok(preview.includes("gamma: route to 172.30.2.0/24: absent"), preview);
    assert.deepEqual(changed(succeeded(await up())), ["alpha-routes", "beta-routes"]);
    assert.deepEqual(await amiss(site.lab.hosts), []);
  });

  it("leaves a stranger's route, and makes those beside it", async () => {
    await beta.run(`ip route del 172.30.0.0/24; rm ${scriptOf("route", "172.30.0.0/24")}`);
    await beta.run(`ip route replace 172.30.0.0/24 via ${gamma.address} proto static`);
    await beta.run("ip route del 172.30.2.0/24");
    const ran = await up();
    assert.notEqual(ran.code, 0, ran.text);
    assert.match(ran.text, /beta: parts of beta\/routes were refused.*\n.*routes\.alpha\.destination: /);
    assert.match(await routesOf(beta), new RegExp(`^172\\.30\\.2\\.0/24 via ${gamma.address} `));
    await beta.run("ip route del 172.30.0.0/24");
    assert.deepEqual(changed(succeeded(await up())), ["beta-routes"]);
    assert.deepEqual(await amiss(site.lab.hosts), []);
  });

  for (const [to, made, gone] of [
    ["pair", pairs, bundles],
    ["host", bundles, pairs],
  ] as const) {
    it(`goes to ${to} in one up: no packet is lost, no route leaves the kernel`, async () => {
      const was = await Promise.all(site.lab.hosts.map(scriptsOf));
      const kernel = await Promise.all(site.lab.hosts.map(routesOf));
      stack.configure(withRoutes(to));
      const { ran, pings, events } = await watched(up);
      assert.deepEqual(changed(succeeded(ran)), [...made, ...gone].sort());
      for (const { sent, lost } of pings) {
        assert.ok(sent > 500, `${sent} packets`);
        assert.equal(lost, 0, `of ${sent} packets`);
      }
      assert.deepEqual(
        events.filter((line) => line.includes("Deleted")),
        [],
      );
      assert.deepEqual(await Promise.all(site.lab.hosts.map(scriptsOf)), was);
      assert.deepEqual(await Promise.all(site.lab.hosts.map(routesOf)), kernel);
      assert.deepEqual(
        await holders(alpha),
        to === "pair" ? ["alpha/to/beta", "alpha/to/gamma"] : ["alpha/routes"],
      );
      assert.deepEqual(changed(succeeded(await up())), []);
    });
  }

  it("is left to its bridge where its host cannot be reached in destroy, and leaves every host as it was", async () => {
    await site.lab.setLink("gamma", "down");
    let ran: Ran;
    try {
      ran = await stack.destroy("--continue-on-error");
    } finally {
      await site.lab.setLink("gamma", "up");
    }
    assert.notEqual(ran.code, 0, ran.text);
    assert.match(ran.text, /gamma\/routes is still there, and goes when gamma\/bridge does/);
    assert.deepEqual(await site.changedSince(fresh, ["alpha", "beta"]), []);
    succeeded(await stack.destroy("--continue-on-error"));
    assert.deepEqual(await site.changedSince(fresh), []);
  });

  const selected = () => ["--stack", stack.name, "--config-file", stack.configFile];

  /** Pings between the containers of alpha and beta, both ways, and the route events of all hosts. */
  async function watched(change: () => Promise<Ran>) {
    const [a, b] = [await boxAddress(alpha), await boxAddress(beta)];
    const pings = [await ping(alpha, "beta", b), await ping(beta, "alpha", a)];
    const monitors = await Promise.all(site.lab.hosts.map(routeEvents));
    const ran = await change();
    const counts: Counted[] = [];
    for (const each of pings) counts.push(counted(await each.stop()));
    const events = (await Promise.all(monitors.map((each) => each.stop()))).join("\n").split("\n");
    return { ran, pings: counts, events };
  }
});

/** The scripts of the routes, without the line that names their holder. */
function scriptsOf(host: Host): Promise<string> {
  return host.run(
    "cd /etc/dockroute/scripts && for f in 40-route-*; do echo $f; sed 2d $f; stat -c '%a %U' $f; done",
  );
}

async function holders(host: Host): Promise<readonly string[]> {
  const lines = await host.run(
    "cd /etc/dockroute/scripts && sed -n 's/^# dockroute \\([^ ]*\\) of .*/\\1/p' 40-route-*",
  );
  return [...new Set(lines.trim().split("\n"))].sort();
}
