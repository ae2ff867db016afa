import { deepEqual, equal, match } from "node:assert/strict";
import type { Host } from "../../../lab/host.js";
import { bridgeIsWhole, bridgeOf } from "../../faults/oracle.js";

const read = (value: object | string) => ({
  code: 0,
  stdout: typeof value === "string" ? value : JSON.stringify(value),
  stderr: "",
});
const unread = { code: 1, stdout: "", stderr: "cat: Permission denied\n" };
const absent = read({});
const fromFile = (address: string) => ({ address, from: "/etc/docker/daemon.json" });

describe("the address that docker0 has to have", () => {
  it("is daemon.json's, whatever was there before", () => {
    const file = read('{ // mine\n "bip": "172.30.1.1/24", }');
    deepEqual(bridgeOf(file, read({ bip: "172.18.0.1/16" })), fromFile("172.30.1.1/24"));
  });

  it("is the one from before, where daemon.json names none", () => {
    const expected = { address: "172.18.0.1/16", from: "/etc/dockroute/before.json" };
    deepEqual(bridgeOf(read({ debug: true }), read({ bip: "172.18.0.1/16" })), expected);
  });

  it("is Docker's own choice, where neither file names one", () => {
    deepEqual(bridgeOf(absent, absent), { address: "172.17.0.1/16", from: "Docker" });
    deepEqual(bridgeOf(absent, read({ file: {} })), { address: "172.17.0.1/16", from: "Docker" });
  });

  it("is not known from a file that cannot be read", () => {
    const faultOf = (...files: Parameters<typeof bridgeOf>): string => {
      const wanted = bridgeOf(...files);
      return "fault" in wanted ? wanted.fault : `no fault: ${wanted.address}`;
    };
    match(faultOf(unread, absent), /daemon\.json cannot be read: cat: Permission denied/);
    match(faultOf(absent, unread), /before\.json cannot be read/);
    match(faultOf(read(""), absent), /daemon\.json is no JSON/);
    match(faultOf(read('{ "bip": "172.30.1.1/24"'), absent), /daemon\.json is no JSON/);
    match(faultOf(read("[]"), absent), /daemon\.json is no object/);
    match(faultOf(read({ bip: 7 }), absent), /bip in .*daemon\.json is no text/);
  });

  it("is held against what docker0 has, also on a host without a bip", async () => {
    const host = (docker0: string): Pick<Host, "name" | "exec"> => ({
      name: "alpha",
      exec: async (words) =>
        read(String(words).startsWith("ip ") ? `    inet ${docker0} scope global` : "{}"),
    });
    deepEqual(await bridgeIsWhole(host("172.17.0.1/16"), 0), []);
    const [wrong, ...more] = await bridgeIsWhole(host("172.30.1.1/24"), 0);
    equal(wrong, "A6 alpha: Docker gives 172.17.0.1/16, docker0 has 172.30.1.1/24");
    deepEqual(more, []);
  });
});
