/** A destroy leaves each host as it was before the first up, then and after restarts. */
import assert from "node:assert/strict";
import type { HostSpec } from "../../lab/lab.js";
import { differences, type Snapshot, snapshot } from "../../lab/snapshot.js";
import { Scene } from "../support/scene.js";
import { meshConfig } from "../support/stack.js";

/** Forms of a daemon.json, one a host. Each Docker is there with a file and without. */
const found: readonly (HostSpec & { readonly with: string; readonly prepare?: string })[] = [
  { name: "absent20", image: "docker20", with: "no daemon.json" },
  { name: "absent28", image: "docker28", with: "no daemon.json" },
  {
    name: "odd26",
    image: "docker26",
    with: "other keys, odd indentation and no newline at the end",
    daemonJson: '{\n     "log-opts" : { "max-size":"10m"   },\n\t"debug":true ,\n   "labels": [ "a=b" ]}',
  },
  {
    name: "crlf28",
    image: "docker28",
    with: "CRLF line ends, mode 600 and another owner",
    daemonJson: '{\r\n    "debug": true,\r\n    "labels": ["a=b"]\r\n}\r\n',
    prepare: "chmod 600 /etc/docker/daemon.json; chown 1000:1000 /etc/docker/daemon.json",
  },
  {
    name: "own20",
    image: "docker20",
    with: "a bip and pools of the user's own",
    daemonJson:
      '{\n  "bip": "172.19.7.1/26",\n  "default-address-pools": [{"base":"10.201.0.0/16","size":25}],\n  "debug": true\n}\n',
  },
  {
    name: "link26",
    image: "docker26",
    with: "a symbolic link",
    files: { "srv/daemon.json": '{"debug": true}\n' },
    prepare: "mkdir -p /etc/docker; ln -s /srv/daemon.json /etc/docker/daemon.json",
  },
  { name: "empty28", image: "docker28", with: "an empty object on one line", daemonJson: "{}" },
];

const everything = ["/etc", "/usr/local", "/opt", "/root", "/home", "/srv"];

describe("destroy", () => {
  let scene: Scene;
  let was: readonly Snapshot[];

  const each = <T>(look: (host: Scene["lab"]["hosts"][number], at: number) => Promise<T>) =>
    Promise.all(scene.lab.hosts.map(look));
  const take = () => each((host) => snapshot(host, { trees: everything }));
  const json = (at: number) => scene.lab.hosts[at]?.run("cat /etc/docker/daemon.json");

  before(async () => {
    scene = await Scene.set(process.env["LAB_PREFIX"] ?? "t1gone", found, (lab) => ({
      ...meshConfig(lab),
      maxUnavailable: found.length,
    }));
    await each(async (host, at) => host.run(found[at]?.prepare ?? "true"));
    // docker0 has an address of its own choosing once Docker has started with the file as it is.
    await each((host) => host.run("systemctl restart docker"));
    await scene.startBoxes();
    was = await take();
    await scene.up();
  });
  after(() => scene?.strike());

  it("D9: meanwhile every key of the user's stays, in the file's own form", async () => {
    for (const at of [2, 3]) {
      const old = found[at]?.daemonJson as string;
      const text = (await json(at)) ?? "";
      assert(text.startsWith(old.slice(0, old.lastIndexOf("]") + 1)), text);
      // As far in as the key before it.
      const indent = [...old.matchAll(/\n([ \t]+)"/g)].at(-1)?.[1] ?? "";
      assert.match(text, new RegExp(`\n${indent}"bip": "172\\.30\\.\\d\\.1/24"`));
    }
    assert.equal(
      ((await json(3)) ?? "").replace(/\r\n/g, "").includes("\n"),
      false,
      "every line still ends in CRLF",
    );
    assert.equal(((await json(2)) ?? "").endsWith("}"), true, "still no newline at the end");
    const owner = await scene.lab.host("crlf28").run("stat -c '%u:%g %a' /etc/docker/daemon.json");
    assert.equal(owner.trim(), "1000:1000 600");
    assert.equal(
      (await scene.lab.host("link26").run("readlink /etc/docker/daemon.json")).trim(),
      "/srv/daemon.json",
    );
    assert.match(
      await scene.lab.host("own20").run("docker info -f '{{json .DefaultAddressPools}}'"),
      /10\.201\.0\.0/,
    );
  });

  it("B9, E2: is over with every host as before", async () => {
    await scene.destroy();
    await same();
  });

  it("stays so when Docker restarts", async () => {
    await each((host) => host.run("systemctl reset-failed docker; systemctl restart docker"));
    await same();
  });

  it("stays so when the hosts reboot", async () => {
    await each(({ name }) => scene.lab.reboot(name));
    await same();
  });

  async function same(): Promise<void> {
    const now = await take();
    const told = now.flatMap((one, at) =>
      differences(was[at] ?? one, one).map((line) => `${found[at]?.name} (${found[at]?.with}) ${line}`),
    );
    assert.deepEqual(told, []);
  }
});
