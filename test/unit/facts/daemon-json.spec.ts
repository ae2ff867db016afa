import assert from "node:assert/strict";
import fc from "fast-check";
import * as json from "../../../provider/facts/daemon-json.js";
import { v4, v6 } from "../../../provider/plan/family.js";
import { images, said, shown } from "../../support/recorded.js";

const file = (text: string | undefined): json.DaemonJson => ({
  text,
  mode: "644",
  owner: "0:0",
  path: "/etc/docker/daemon.json",
});
const ours: json.Keys = {
  bip: "172.30.1.1/24",
  "default-address-pools": [{ base: "172.30.16.0/20", size: 24 }],
};

const key = fc.constantFrom("debug", "log-opts", "mtu", "dns", "é", 'a"b', "live-restore");
const value = fc.jsonValue({ maxDepth: 2 });
const indents = fc.constantFrom("", " ", "  ", "   ", "    ", "\t", "\t\t", "          ");

/** Objects as people write them: any indentation, tabs, CRLF, one line, odd white space, no trailing newline. */
const written = fc
  .tuple(
    fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 4 }),
    indents,
    fc.constantFrom("\n", "\r\n"),
    fc.constantFrom("", "\n", "\r\n", "\n\n  "),
    fc.constantFrom("", " ", "\n", "\t"),
    fc.boolean(),
  )
  .map(([entries, indent, eol, tail, odd, lines]) => {
    const text = JSON.stringify(Object.fromEntries(entries), undefined, lines ? indent : "");
    // White space before each comma and at the very beginning, where a formatter would take it away.
    return odd + text.replaceAll("\n", eol).replace(/\}$/, entries.length > 0 ? `${odd}}` : "}") + tail;
  });

describe("daemon.json", () => {
  it("D9: has the same bytes after our keys were added and removed", () => {
    fc.assert(
      fc.property(written, (text) => {
        const added = json.withKeys(file(text), ours);
        assert.equal(json.withKeys(file(added), {}), text);
      }),
    );
  });

  it("has our values and all others, in their order, after our keys were added", () => {
    fc.assert(
      fc.property(written, (text) => {
        const added = json.withKeys(file(text), ours);
        assert.equal(json.faultOf(file(added)), undefined);
        assert.ok(json.sameKeys(json.keysOf(file(added)), ours));
        const before = JSON.parse(text) as Record<string, unknown>;
        assert.deepEqual(Object.entries(JSON.parse(added) as object), [
          ...Object.entries(before),
          ...Object.entries(ours),
        ]);
      }),
    );
  });

  it("keeps every byte but the value where a key of ours stands already", () => {
    const text = '{\n\t"bip": "10.0.0.1/8",\n\t"dns" : ["1.1.1.1" ]}\n';
    const wanted = text.replace("10.0.0.1/8", "172.30.1.1/24");
    assert.equal(json.withKeys(file(text), { bip: "172.30.1.1/24" }), wanted);
  });

  it("changes nothing where the keys are as wanted", () => {
    fc.assert(
      fc.property(written, (text) => {
        const added = json.withKeys(file(text), ours);
        assert.equal(json.withKeys(file(added), ours), added);
      }),
    );
  });

  const tables: readonly (readonly [what: string, before: string | undefined, after: string])[] = [
    ["is made where there is none", undefined, '{\n  "bip": "172.30.1.1/24"\n}\n'],
    ["is made of an empty file", " \n", '{\n  "bip": "172.30.1.1/24"\n}\n'],
    ["stays one line", '{"debug":true}', '{"debug":true,"bip": "172.30.1.1/24"}'],
    ["keeps tabs", '{\n\t"debug": true\n}\n', '{\n\t"debug": true,\n\t"bip": "172.30.1.1/24"\n}\n'],
    ["keeps CRLF", '{\r\n "mtu": 1\r\n}', '{\r\n "mtu": 1,\r\n "bip": "172.30.1.1/24"\r\n}'],
  ];
  for (const [what, before, after] of tables) {
    it(what, () => assert.equal(json.withKeys(file(before), { bip: "172.30.1.1/24" }), after));
  }

  it("takes an empty object with white space in it back as {}", () => {
    assert.equal(json.withKeys(file(json.withKeys(file("{\n\n}\n"), ours)), {}), "{}\n");
  });

  const faults: readonly (readonly [text: string, fault: RegExp | undefined])[] = [
    ["", undefined],
    ["{}", undefined],
    ['{"a":1} // mine', /is not plain JSON \(dockerd would not start with it either\)/],
    ['{"a":1,}', /is not plain JSON/],
    ["[]", /is not plain JSON/],
    ['{"a":1,"a":2}', /^\/etc\/docker\/daemon.json has the key "a" twice: remove one by hand first$/],
  ];
  for (const [text, fault] of faults) {
    it(`${fault === undefined ? "takes" : "refuses"} ${JSON.stringify(text)}`, () => {
      const found = json.faultOf(file(text));
      if (fault === undefined) assert.equal(found, undefined);
      else assert.match(found ?? "", fault);
    });
  }

  it("reads values that dockerd would not take as none", () => {
    for (const text of [
      '{"default-address-pools":null}',
      '{"bip":5,"default-address-pools":{}}',
      "null",
      "{",
    ]) {
      assert.deepEqual(json.keysOf(file(text)), {});
    }
  });

  for (const image of images) {
    it(`is read on ${image}`, () => {
      const read = (when: "fresh" | "ours") => {
        return shown(image, when, json.file);
      };
      const { text, ...fresh } = read("fresh");
      // Docker 29's other backend is chosen by a key of the file.
      assert.equal(text, image === "docker29-nft" ? '{ "firewall-backend": "nftables" }\n' : undefined);
      assert.deepEqual(fresh, { mode: "644", owner: "0:0", path: "/etc/docker/daemon.json" });
      assert.equal(json.keysOf(read("ours")).bip, "172.30.16.1/24");
    });
  }

  it("D5: is written where a link leads, with the owner and mode it had", () => {
    const seen = json.file.read([said("{}"), said("600 12:34\n"), said("/srv/daemon.json\n")], undefined);
    const commands = json.replaceFile(seen, "{ }", "w");
    const beside = "/srv/daemon.json.dockroute-new";
    assert.deepEqual(
      commands.map(({ argv }) => argv),
      [
        ["install", "-D", "-m", "600", "-o", "12", "-g", "34", "/dev/null", beside],
        ["dd", "status=none", "conv=nocreat,fsync", `of=${beside}`],
        ["mv", "-T", beside, "/srv/daemon.json"],
        ["sync", "/srv"],
      ],
    );
    assert.deepEqual(json.replaceFile(seen, undefined, "w"), [
      { why: "w", argv: ["rm", "-f", "/srv/daemon.json"] },
    ]);
  });
});

describe("the pools of daemon.json and of docker info", () => {
  const same: readonly (readonly [what: string, file: readonly json.Pool[], docker: readonly json.Pool[]])[] =
    [
      ["nothing and an empty list", [], []],
      [
        // Docker 28 prints the base that a person wrote as fd00:0001::0/104 in this form.
        "IPv6 as a person writes it and as Docker prints it",
        [
          { base: "172.30.16.0/20", size: 24 },
          { base: "fd00:0001::0/104", size: 112 },
        ],
        [
          { base: "172.30.16.0/20", size: 24 },
          { base: "fd00:1::/104", size: 112 },
        ],
      ],
      [
        "another order",
        [
          { base: "172.30.16.0/20", size: 24 },
          { base: "10.201.0.0/16", size: 24 },
        ],
        [
          { base: "10.201.0.0/16", size: 24 },
          { base: "172.30.16.0/20", size: 24 },
        ],
      ],
      ["a base with host bits", [{ base: "10.201.7.1/16", size: 24 }], [{ base: "10.201.0.0/16", size: 24 }]],
    ];
  for (const [what, file, docker] of same) {
    it(`are the same with ${what}`, () => {
      assert.ok(json.samePools(file, docker));
      assert.ok(json.samePools(docker, file));
    });
  }

  const one: json.Pool = { base: "10.201.0.0/16", size: 24 };
  const others: readonly (readonly [what: string, pools: readonly json.Pool[]])[] = [
    ["none", []],
    ["another base", [{ base: "10.202.0.0/16", size: 24 }]],
    ["another prefix", [{ base: "10.201.0.0/17", size: 24 }]],
    ["another size", [{ base: "10.201.0.0/16", size: 25 }]],
    ["one more", [one, { base: "fd00:1::/104", size: 112 }]],
    ["the same twice", [one, one]],
    ["a text that is no range", [{ base: "10.201.0.0", size: 24 }]],
  ];
  for (const [what, pools] of others) {
    it(`are not the same with ${what}`, () => assert.ok(!json.samePools([one], pools)));
  }

  it("are of one family each", () => {
    assert.ok(json.isOf(v6, { base: "fd00:0001::0/104", size: 112 }));
    assert.ok(!json.isOf(v4, { base: "fd00:0001::0/104", size: 112 }));
    assert.ok(json.isOf(v4, one) && !json.isOf(v6, one));
  });
});
