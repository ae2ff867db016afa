import assert from "node:assert/strict";
import type { HostStatus } from "../../../provider/check/status.js";
import { readHandshakes } from "../../../provider/facts/wireguard.js";
import { statusText } from "../../../provider/shells/cli/status.js";

const key = `${"A".repeat(43)}=`;
const alpha: HostStatus = {
  ...{ host: "alpha", endpoint: "root@10.0.0.5:22", reached: true },
  ...{ bridge: "172.30.0.1/24", wantedBridge: "172.30.0.1/24" },
  ...{ routes: { well: 3, wanted: 3 }, rules: { well: 2, wanted: 2 }, drift: [], warnings: [] },
};

describe("the status of linked hosts", () => {
  it("tells the way to each peer, and when WireGuard last heard from it", () => {
    const ways = {
      beta: { way: "direct" },
      gamma: { way: "wireguard", handshake: "2026-12-01T05:00:00.000Z" },
      delta: { way: "wireguard" },
    } as const;
    const text = statusText([{ ...alpha, ways }], false);
    assert.match(text, / {2}alpha to beta: direct\n/);
    assert.match(text, / {2}alpha to gamma: wireguard, last handshake 2026-12-01 05:00:00 UTC\n/);
    assert.match(text, / {2}alpha to delta: wireguard, no handshake yet\n/);
    assert.doesNotMatch(statusText([alpha], false), / to /);
  });

  it("reads a handshake's time, and 0 as none", () => {
    const other = `${"B".repeat(42)}A=`;
    const read = readHandshakes({ code: 0, stdout: `${key}\t1764565200\n${other}\t0\n`, stderr: "" });
    assert.deepEqual([...read], [[key, new Date(1_764_565_200_000)]]);
  });
});
