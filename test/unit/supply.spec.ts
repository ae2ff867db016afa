/** F5, F6: nothing of ours uses places that others can write to, and the packages installed are the locked ones. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "../..");

describe("F5: a folder that everybody can write to", () => {
  it("is named in no script and no file of ours on a host", () => {
    const files = readdirSync(join(root, "provider"), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".ts"));
    const named = files.filter((name) =>
      /["'`\s=>(]\/(var\/tmp|tmp|dev\/shm)\b|mktemp|tmpdir/.test(
        readFileSync(join(root, "provider", name), "utf8"),
      ),
    );
    assert.deepEqual(named, []);
  });
});

describe("F6: what is installed", () => {
  interface Locked {
    readonly version?: string;
    readonly resolved?: string;
    readonly integrity?: string;
    readonly link?: true;
    readonly dev?: true;
    readonly optional?: true;
    readonly hasInstallScript?: true;
    readonly inBundle?: true;
  }
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const packages = Object.entries(lock.packages).filter(([path, { link }]) => path !== "" && link !== true);

  it("has its version and its hash in the lockfile", () => {
    const open = packages.filter(
      ([, { version, integrity, inBundle, dev, optional }]) =>
        !version || (!integrity && !inBundle && !(dev && optional)),
    );
    assert.deepEqual(
      open.map(([path]) => path),
      [],
    );
  });

  it("is needed by nobody who installs the package with scripts that run", () => {
    const scripts = packages
      .filter(([, { dev, hasInstallScript }]) => hasInstallScript && !dev)
      .map(([path]) => path.replace(/^.*node_modules\//, ""));
    // ssh2's native parts make it faster, and it works without: npm install --ignore-scripts is enough.
    assert.deepEqual(
      scripts.filter((name) => !allowed.includes(name)),
      [],
    );
    const { scripts: own } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      scripts: object;
    };
    for (const name of ["preinstall", "install", "postinstall", "prepare"]) assert.ok(!(name in own), name);
  });
});

// protobufjs is of Pulumi's own SDK, which every project has; its script only prints a note.
const allowed = ["ssh2", "cpu-features", "protobufjs"];
