/** Attack: hostile words and shapes in every key of a stack's config, and in the drawing of `npx dockroute graph`. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { connectionFor } from "../../provider/host/login/credentials.js";
import { peerRoute } from "../../provider/resources/route/index.js";
import { graphOf } from "../../provider/shells/cli/graph.js";
import { readConfig, type StackConfig } from "../../stacks/config.js";
import { ConfigError } from "../../stacks/faults.js";
import { fixed, hostile, texts, unprintable } from "../support/hostile.js";

const canary = "/nonexistent/CANARY";
const words = fixed(canary);
const connection = {
  host: "10.9.9.9",
  port: 22,
  user: "root",
  privateKeyFile: "/k",
  knownHostsFile: "/h",
  hostKey: "SHA256:x",
  agentSocketPath: "/a",
  dialErrorLimit: 1,
  perDialTimeout: 1,
  idleTimeout: 1,
  totalTimeout: 1,
  proxy: { host: "hop", user: "root", port: 22 },
};
const whole = {
  "dockroute:pool": "172.30.0.0/16",
  "dockroute:hostPrefix": 24,
  "dockroute:bridgePrefix": 24,
  "dockroute:networkPrefix": 24,
  "dockroute:maxUnavailable": 1,
  "dockroute:connection": connection,
  "dockroute:hosts": [
    { name: "alpha", address: "192.168.1.1", subnet: "172.30.1.0/24", interface: "eth0", connection },
    { name: "beta", address: "192.168.1.2" },
  ],
  "dockroute:leaving": [{ name: "gone", gone: true, connection }],
};

type Path = readonly (string | number)[];

/** The way to every leaf of a value. */
function leaves(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const keys = Array.isArray(value) ? value.map((_, at) => at) : Object.keys(value);
  return keys.flatMap((key) => leaves(Reflect.get(value, key), [...path, key]));
}

function put(value: unknown, [key, ...rest]: Path, leaf: unknown): unknown {
  if (key === undefined) return leaf;
  const copy: object = Array.isArray(value) ? [...value] : { ...Object(value) };
  Object.defineProperty(copy, key, {
    value: put(Reflect.get(Object(value), key), rest, leaf),
    ...{ enumerable: true, writable: true, configurable: true },
  });
  return copy;
}

function valuesOf(config: unknown): Record<string, string> {
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  return Object.fromEntries(Object.entries(Object(config)).map(([key, value]) => [key, text(value) ?? ""]));
}

function read(config: unknown): StackConfig | ConfigError {
  try {
    return readConfig({ values: valuesOf(config), secretKeys: [] });
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
}

const nameOf = (path: Path) =>
  path
    .reduce<string>((name, step) => (typeof step === "number" ? `${name}[${step}]` : `${name}.${step}`), "")
    .slice(1);

/** Properties that may be any text: a path is only opened, a pinned key only compared. */
const free = /File$|hostKey$|SocketPath$/;

function tried(path: Path, word: unknown): void {
  const outcome = read(put(whole, path, word));
  if (outcome instanceof ConfigError) {
    assert.doesNotMatch(outcome.message, unprintable);
    assert.ok(outcome.message.length < 30_000);
    // The key itself, or another in its way: a pin that no longer fits the pool.
    const where = nameOf(path);
    const named = outcome.faults.map(({ property }) => property.replace("proxy[0]", "proxy"));
    assert.ok(
      named.includes(where) || named.some((name) => /subnet$|pool$|Prefix$|address$/.test(name)),
      `${where}: ${named}`,
    );
    return;
  }
  if (free.test(nameOf(path))) return;
  // A config that is let through is sound: each host's endpoint is one, and the resource made of it is accepted.
  for (const { name, endpoint } of outcome.hosts) {
    const wish = { host: name, endpoint, peer: "peer", destination: "172.30.2.0/24", gateway: "192.168.1.9" };
    assert.ok("inputs" in peerRoute.check(wish), `${nameOf(path)} = ${JSON.stringify(word)}: ${endpoint}`);
  }
  for (const text of texts(outcome)) assert.ok(!text.includes(canary) && !unprintable.test(text), text);
}

describe("F1: a hostile config", function () {
  this.timeout(60_000);

  for (const key of Object.keys(whole)) {
    it(`anywhere in ${key} is refused by name, or is what it should be`, () => {
      for (const path of leaves(whole).filter(([first]) => first === key)) {
        for (const word of words) tried(path, word);
        for (const shape of [[], {}, [[]], null, true, -1, 1e99, 0.5, { name: {} }, ["x"]])
          tried(path, shape);
        fc.assert(
          fc.property(hostile(canary), (word) => tried(path, word)),
          { numRuns: 30 },
        );
      }
    });
  }

  it("with a key that nobody knows is refused by that key", () => {
    for (const key of words) {
      const outcome = read({ ...whole, [`dockroute:${key}`]: "x" });
      assert.ok(outcome instanceof ConfigError, key);
      assert.doesNotMatch(outcome.message, unprintable);
    }
  });

  it("with keys that all objects inherit changes none of them", () => {
    for (const key of ["__proto__", "constructor", "prototype"]) {
      const evil = `{"${key}": {"polluted": "yes", "user": "evil"}, "user": "root"}`;
      const values = { ...valuesOf(whole), "dockroute:connection": evil, "dockroute:hosts": `[${evil}]` };
      assert.throws(() => readConfig({ values, secretKeys: [] }), ConfigError);
      assert.throws(() => connectionFor("alpha", "root@h:22", (name) => ({ ...values })[name]));
    }
    assert.equal(Reflect.get({}, "polluted"), undefined);
  });

  it("that is no JSON, or nested without end, is refused", () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    for (const text of ["{", "[1,", deep, "{}{}", "\u0000", "9".repeat(400)]) {
      const outcome = read({ ...whole, "dockroute:hosts": text });
      assert.ok(outcome instanceof ConfigError);
      assert.match(outcome.message, /dockroute:hosts/);
    }
  });
});

describe("F4: a picture of a mesh", () => {
  const planOf = (word: string) => ({
    [word]: { address: word, subnet: word, bridgeAddress: word },
    beta: { address: "192.168.1.2", subnet: "172.30.1.0/24", bridgeAddress: "172.30.1.1/24" },
  });
  const plain = planOf("alpha");
  const lines = (text: string) => text.split("\n").length;

  it("is the same drawing whatever a host is called", () => {
    fc.assert(
      fc.property(fc.oneof(hostile(canary), fc.constantFrom(...words)), (word) => {
        const svg = graphOf(planOf(word), "svg", []);
        assert.doesNotMatch(svg, unprintable);
        // All markup is ours, of which this is all there is.
        const tags = svg.replace(
          /<\/?(svg|title|style|defs|marker|path|line|rect|text)( [a-zA-Z0-9-]+="[^"<>]*")*\/?>/g,
          "",
        );
        assert.doesNotMatch(tags, /[<>"]|&(?!(lt|gt|amp|quot);)/);
        assert.equal(lines(svg), lines(graphOf(plain, "svg", [])));

        const mermaid = graphOf(planOf(word), "mermaid", []).split("\n");
        assert.equal(mermaid.length, lines(graphOf(plain, "mermaid", [])));
        for (const line of mermaid.slice(1, 3))
          assert.match(line, /^ {2}h_\w*\["<b>[\w ./:#;-]*<\/b><br\/>[\w ./:#;-]*<br\/>[\w ./:#;-]*"\]$/);

        const dot = graphOf(planOf(word), "dot", []);
        assert.equal(lines(dot), lines(graphOf(plain, "dot", [])));
        const boxes = dot.split("\n").filter((line) => line.includes("label="));
        for (const line of boxes) assert.match(line, /^ {2}h_\w* \[label="([^"\\]|\\.)*"\];$/);
      }),
      { numRuns: 150 },
    );
  });
});
