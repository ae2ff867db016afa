import assert from "node:assert/strict";
import { question, read, setPeer, unitText } from "../../../provider/facts/wireguard.js";
import { said } from "../../support/recorded.js";

const [own, peer, other] = ["A", "B", "C"].map((letter) => `${letter.repeat(42)}A=`);

/** As provider/facts/wireguard.sh printed it on a lab host with wireguard-go, with other keys. */
const printed = `installed wg
installed wireguard-go /usr/bin/wireguard-go
key-file 600 0:0 ${own}
public-key ${own}
listen-port 51820
peers ${peer}
peers ${other}
endpoints ${peer}\t10.215.3.12:51820
endpoints ${other}\t(none)
allowed-ips ${peer}\t172.30.2.0/24
allowed-ips ${other}\t(none)
persistent-keepalive ${peer}\toff
persistent-keepalive ${other}\t25
`;

describe("WireGuard", () => {
  it("is read with its peers", () => {
    assert.deepEqual(read(said(printed)), {
      ...{ hasTools: true, inKernel: false, userspace: "/usr/bin/wireguard-go" },
      ...{ key: { access: "600 0:0", publicKey: own }, publicKey: own, port: 51820 },
      peers: [
        { publicKey: peer, ranges: ["172.30.2.0/24"], endpoint: "10.215.3.12:51820" },
        { publicKey: other, ranges: [], keepalive: 25 },
      ],
    });
  });

  it("is read where it is not installed", () => {
    assert.deepEqual(read(said("")), { hasTools: false, inKernel: false, peers: [] });
  });

  it("is never asked for what holds the private key", () => {
    const words = question("dr-wg")
      .argv.join(" ")
      .replaceAll(/^\s*#.*$/gm, "");
    assert.doesNotMatch(words, /\bdump\b|private-key|preshared/);
  });

  it("is not told an endpoint again that it has learnt, nor one for a peer that calls", () => {
    const wanted = { device: "dr-wg", publicKey: peer ?? "", range: "172.30.2.0/24" };
    const [first, second] = setPeer({ ...wanted, endpoint: "203.0.113.9:51820" });
    assert.ok(first?.unless !== undefined && first.argv.includes("endpoint"));
    assert.ok(second?.unless === undefined && !second?.argv.includes("endpoint"));
    assert.deepEqual(
      setPeer({ ...wanted, keepalive: 25 }).map(({ argv }) => argv.slice(5)),
      [["persistent-keepalive", "25", "allowed-ips", "172.30.2.0/24"]],
    );
  });

  it("loads all scripts after each start of wireguard-go, which begins empty", () => {
    assert.match(
      unitText("/usr/bin/wireguard-go", "dr-wg"),
      /^ExecStartPost=-\/bin\/sh \/etc\/dockroute\/apply$/m,
    );
  });
});
