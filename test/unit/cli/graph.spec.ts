import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { planMesh } from "../../../provider/index.js";
import { graphOf } from "../../../provider/shells/cli/graph.js";
import { planIn } from "../../../provider/shells/cli/plan-file.js";

const names = ["alpha", "beta-2", "gamma"];
const plan = planMesh({
  pool: "172.30.0.0/16",
  hosts: names.map((name, at) => ({ name, address: `192.168.1.${at + 1}` })),
});
const checked = [
  { from: "alpha", to: "gamma", well: true },
  { from: "gamma", to: "alpha", well: false },
  { from: "alpha", to: "beta-2", well: true },
];

describe("a graph", () => {
  it("of an example is the picture in the README", () => {
    const root = join(__dirname, "../../..");
    const made = graphOf(planIn(join(root, "examples/Pulumi.production.yaml")).plan, "svg", []);
    const again =
      "npx dockroute graph --config examples/Pulumi.production.yaml --format svg --out docs/mesh.svg";
    assert.equal(readFileSync(join(root, "docs/mesh.svg"), "utf8"), made, `make it anew: ${again}`);
    assert(readFileSync(join(root, "README.md"), "utf8").includes(again));
  });

  it("of a config with faults names them", () => {
    const path = join(mkdtempSync(join(tmpdir(), "dockroute-graph-")), "config.yaml");
    const text = (hosts: string) => `config:\n  dockroute:pool: 172.30.0.0/16\n  dockroute:hosts: ${hosts}\n`;
    writeFileSync(path, text("[{ name: alpha }]"));
    assert.throws(() => planIn(path), /is no config of a mesh: config\.dockroute:hosts\.0\.address: /);
    writeFileSync(path, text("[{ name: alpha, address: 172.30.1.1 }]"));
    assert.throws(() => planIn(path), /hosts\[0\]\.address: 172\.30\.1\.1 lies in the pool/);
    assert.throws(() => planIn("/nowhere.yaml"), /cannot be read/);
    rmSync(dirname(path), { recursive: true });
  });

  it("is Mermaid, with the links in the colours of a check", () => {
    assert.equal(
      graphOf(plan, "mermaid", checked),
      [
        "graph LR",
        '  h_alpha["<b>alpha</b><br/>192.168.1.1<br/>172.30.0.0/24"]',
        '  h_beta_2["<b>beta-2</b><br/>192.168.1.2<br/>172.30.1.0/24"]',
        '  h_gamma["<b>gamma</b><br/>192.168.1.3<br/>172.30.2.0/24"]',
        "  h_alpha <--> h_beta_2",
        "  h_alpha <--> h_gamma",
        "  h_beta_2 <--> h_gamma",
        "  linkStyle 0 stroke:#2f9e4f",
        "  linkStyle 1 stroke:#e5534b",
        "  linkStyle 2 stroke:#2f81f7",
        "",
      ].join("\n"),
    );
  });

  it("draws a link by its kind", () => {
    const hosts = names.map((name, at) => ({ name, site: at === 2 ? "home" : "fra" }));
    const sites = { between: "wireguard", hosts } as const;
    const mermaid = graphOf(plan, "mermaid", checked, sites);
    assert.match(mermaid, /h_alpha <--> h_beta_2\n {2}h_alpha <-\. wireguard \.-> h_gamma\n/);
    assert.match(graphOf(plan, "dot", [], sites), /h_alpha -> h_gamma .*style=dashed, label="wireguard"/);
    const svg = graphOf(plan, "svg", [], sites);
    assert.equal(svg.match(/stroke-dasharray="2 3"/g)?.length, 2);
    assert.equal(svg.match(/>wireguard</g)?.length, 2);
  });

  it("is DOT", () => {
    const text = graphOf(plan, "dot", []);
    assert.match(text, /^digraph dockroute \{/);
    assert.match(text, /h_beta_2 -> h_gamma \[dir=both, color="#2f81f7"\];/);
  });

  for (const count of [1, 2, 3, 8, 16]) {
    it(`is SVG in which ${count} hosts stand apart and inside the picture`, () => {
      const hosts = Array.from({ length: count }, (_, at) => ({
        name: `h${at}`,
        address: `10.1.0.${at + 1}`,
      }));
      const text = graphOf(planMesh({ pool: "172.30.0.0/16", hosts }), "svg", []);
      const [, width, height] = (/viewBox="0 0 (\d+) (\d+)"/.exec(text) ?? []).map(Number);
      const boxes = [
        ...text.matchAll(/<rect class="host" x="([\d.-]+)" y="([\d.-]+)" width="(\d+)" height="(\d+)"/g),
      ].map(([, ...numbers]) => numbers.map(Number) as [number, number, number, number]);
      assert.equal(boxes.length, count);
      assert.equal(text.match(/<line /g)?.length ?? 0, (count * (count - 1)) / 2);
      for (const [at, [x, y, w, h]] of boxes.entries()) {
        assert(x >= 0 && y >= 0 && x + w <= (width ?? 0) && y + h <= (height ?? 0), `box ${at} is outside`);
        for (const [x2, y2, w2, h2] of boxes.slice(at + 1))
          assert(x + w <= x2 || x2 + w2 <= x || y + h <= y2 || y2 + h2 <= y, "two boxes overlap");
      }
    });
  }
});
