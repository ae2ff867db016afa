import assert from "node:assert/strict";
import { read } from "../../../provider/facts/firewalld.js";
import { drops, read as readOthers } from "../../../provider/facts/nft-foreign.js";
import { said } from "../../support/recorded.js";

const unit = (name: string, since: number, state = "active") =>
  `Id=${name}.service\nActiveState=${state}\nActiveEnterTimestampMonotonic=${since}\n`;
const table = (rule: string, owner = "") =>
  said(`table ip nat {\n}\ntable inet firewalld {${owner}\n\tchain c {\n\t\t${rule}\n\t}\n}\n`);
const late = (
  ruleset: ReturnType<typeof said>,
  backend?: string,
  units = `${unit("docker", 100)}\n${unit("firewalld", 200)}`,
) => read(said(units), new Map(), { backend, ruleset }).afterDocker;

describe("firewalld that was started after Docker", () => {
  const withZone = 'iifname "docker0" goto filter_IN_docker';
  const without = 'iifname "eth0" goto filter_IN_public';

  for (const [what, expected, is] of [
    ["has Docker 28 say that it has not met it", true, late(table(without), "iptables")],
    ["the same with the nftables backend", true, late(table(without), "nftables")],
    ["is not one that Docker has met", false, late(table(without), "nftables+firewalld")],
    ["leaves docker0 out of its zones, where Docker says nothing", true, late(table(without))],
    ["is not one that has docker0 in a zone, though it was started again", false, late(table(withZone))],
    ["nor in the words of a newer nft", false, late(table(withZone, " # progname firewalld"))],
    ["is told by the times, where it has no nft table", true, late(said(""))],
    ["is none where Docker does not run", false, late(table(without), undefined, unit("firewalld", 200))],
    [
      "is none where it does not run",
      false,
      late(table(without), undefined, `${unit("docker", 100)}\n${unit("firewalld", 200, "inactive")}`),
    ],
  ] as const) {
    it(what, () => assert.equal(is, expected));
  }
});

describe("nft rules of others", () => {
  it("are told with their own table, where nft names its owner too", () => {
    const text =
      "table ip filter {\n}\ntable ip other { # progname tool\n\tchain c {\n" +
      "\t\ttype filter hook forward priority 5; policy accept;\n\t\ttcp dport 81 drop\n\t}\n}\n";
    assert.deepEqual(drops(readOthers(said(text))), ["nft table ip other, chain c: tcp dport 81 drop"]);
  });
});
