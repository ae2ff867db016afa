import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archiveLines, parseDeb822, parseOneLine } from "../../lab/apt.js";
import { locked } from "../../lab/folders.js";
import { recipeOf } from "../../lab/images.js";
import { sortIptables, sortNft } from "../../lab/rulesets.js";
import { eachOf, sleep } from "../../lab/run.js";

describe("lab: apt's configuration", () => {
  const deb822 = `# a comment
Types: deb deb-src
URIs: http://archive.example/debian
Suites: bookworm
 bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/k.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://archive.example/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----
`;
  it("reads the deb822 format", () => {
    deepEqual(parseDeb822(deb822), [
      {
        uri: "http://archive.example/debian",
        suites: ["bookworm", "bookworm-updates"],
        components: ["main", "contrib"],
        options: ["signed-by=/usr/share/keyrings/k.gpg"],
      },
      {
        uri: "http://archive.example/debian-security",
        suites: ["bookworm-security"],
        components: ["main"],
        options: [],
      },
    ]);
  });

  it("reads the one-line format", () => {
    const text =
      "# deb http://no.example/debian bookworm main\n" +
      "deb [arch=amd64 signed-by=/k.gpg] http://a.example/debian bookworm main contrib # note\n" +
      "deb-src http://a.example/debian bookworm main\n";
    deepEqual(parseOneLine(text), [
      {
        uri: "http://a.example/debian",
        suites: ["bookworm"],
        components: ["main", "contrib"],
        options: ["signed-by=/k.gpg"],
      },
    ]);
  });

  it("asks Debian's own archives for another release, and nobody else's", () => {
    const other = parseOneLine(
      "deb http://vendor.example/linux/debian bookworm stable\ndeb http://pg.example bookworm-pgdg main\n",
    );
    deepEqual(archiveLines("trixie", [...parseDeb822(deb822), ...other], "bookworm"), [
      "deb [signed-by=/usr/share/keyrings/k.gpg] http://archive.example/debian trixie main",
      "deb [signed-by=/usr/share/keyrings/k.gpg] http://archive.example/debian trixie-updates main",
      "deb http://archive.example/debian-security trixie-security main",
    ]);
    throws(() => archiveLines("trixie", other, "bookworm"), /no Debian archive/);
  });
});

describe("lab: rulesets for comparison", () => {
  it("orders tables and chains of iptables by name and keeps the rules' order", () => {
    const one =
      "# x\n*nat\n:B - [0:0]\n:A ACCEPT [1:2]\n[3:4] -A B -j A\n-A A -j X\n-A A -j C\nCOMMIT\n*filter\n:F DROP [0:0]\nCOMMIT\n";
    deepEqual(sortIptables(one), [
      "filter :F DROP",
      "nat :A ACCEPT",
      "nat -A A -j X",
      "nat -A A -j C",
      "nat :B -",
      "nat -A B -j A",
    ]);
  });

  it("orders chains of nft by name, without counters", () => {
    const text = `table ip b {
	chain y {
		type filter hook forward priority 0; policy accept;
		counter packets 1 bytes 2 accept
	}
	set s {
		type ipv4_addr
		elements = { 10.0.0.1,
			     10.0.0.2 }
	}
	chain x {
	}
}
table ip a {
}
`;
    // Table a holds no rule, which is the same as no table.
    deepEqual(sortNft(text), [
      "table ip b",
      "table ip b chain x",
      "table ip b chain y",
      "table ip b chain y: type filter hook forward priority 0; policy accept;",
      "table ip b chain y: counter accept",
      "table ip b set s",
      "table ip b set s: type ipv4_addr",
      "table ip b set s: elements = { 10.0.0.1,",
      "table ip b set s: 10.0.0.2 }",
    ]);
  });
});

describe("lab: the rest that needs no host", () => {
  it("adds packages to an image by name", () => {
    ok(recipeOf("docker26+firewalld").packages.includes("firewalld"));
    ok(recipeOf("docker20+vm").packages.includes("linux-image-cloud-amd64"));
    ok(!recipeOf("docker20+vm").packages.includes("vm"));
    throws(() => recipeOf("docker1"), /no image "docker1"/);
  });

  it("holds a lock against others until the work is done, or failed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lab-spec-"));
    const order: string[] = [];
    const work = (name: string) =>
      locked(join(folder, "lock"), async () => {
        order.push(`${name} begins`);
        await sleep(50);
        order.push(`${name} ends`);
      });
    await rejects(
      locked(join(folder, "lock"), () => Promise.reject(new Error("no"))),
      /no/,
    );
    await Promise.all([work("one"), work("two")]);
    equal(order.map((line) => line.split(" ")[1]).join(" "), "begins ends begins ends");
    rmSync(folder, { recursive: true });
  });

  it("bounds how much runs at once, and gives results in order", async () => {
    let running = 0;
    let most = 0;
    const results = await eachOf([3, 1, 2], 2, async (item) => {
      most = Math.max(most, ++running);
      await sleep(item * 10);
      running--;
      return item * 2;
    });
    deepEqual(results, [6, 2, 4]);
    equal(most, 2);
    await rejects(
      eachOf([1], 2, () => Promise.reject(new Error("one"))),
      /one/,
    );
  });
});
