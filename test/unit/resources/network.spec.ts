import assert from "node:assert/strict";
import {
  covers,
  type Ground,
  isDockers,
  linkOf,
  nics,
  routedWithin,
} from "../../../provider/resources/host/network.js";
import { fresh, reported } from "../../support/recorded-bridge.js";

const links = ["docker0", "app0", "docker_gwbridge", "br-0123456789ab", "wg0"].map((name, at) => ({
  name,
  addresses: [`10.${at}.0.1/24`],
}));
const dockerNetworks = ["docker0", "app0", "docker_gwbridge"].map((bridge) => ({ ...reported, bridge }));
const ground: Ground = { ...fresh, links, dockerNetworks };
const silent: Ground = { ...ground, dockerNetworks: undefined };

/** The kernel's answer: this address is on this link. */
const toWays = (address: string, link: string) => ({
  ...ground,
  ways: new Map([[address, { isOwn: false, interface: link }]]),
});

describe("the network facts of a host", () => {
  it("tell Docker's bridges by Docker's answer, whatever their names", () => {
    const own = links.map(({ name }) => name).filter((name) => isDockers(ground, name));
    assert.deepEqual(own, ["docker0", "app0", "docker_gwbridge"]);
    assert.deepEqual(
      nics(ground).map(({ name }) => name),
      ["br-0123456789ab", "wg0"],
    );
  });

  it("take docker0 alone for Docker's while Docker does not answer", () => {
    const own = links.map(({ name }) => name).filter((name) => isDockers(silent, name));
    assert.deepEqual(own, ["docker0"]);
  });

  it("reach no gateway by a bridge of Docker's", () => {
    assert.equal(linkOf(toWays("10.1.0.9", "app0"), "10.1.0.9"), undefined);
    assert.equal(linkOf(toWays("10.4.0.9", "wg0"), "10.4.0.9"), "wg0");
  });

  it("refuse a range over any link but those that are excepted, also while Docker does not answer", () => {
    for (const each of [ground, silent]) {
      const [found] = covers("destination", "10.0.0.0/14", each, ["docker0"]);
      assert.match(
        found?.reason ?? "",
        /10\.1\.0\.0\/24 of app0 and the network 10\.2\.0\.0\/24 of docker_gwbridge and/,
      );
      assert.doesNotMatch(found?.reason ?? "", /docker0/);
    }
  });

  it("refuse a range of which a part is routed elsewhere, but for routes by Docker's bridges", () => {
    const routes = ["app0", "wg0"].map((name) => ({ destination: "172.30.20.0/24", interface: name }));
    const [found, ...more] = routedWithin("bip", "172.30.16.0/20", { ...ground, routes });
    assert.match(
      found?.reason ?? "",
      /^172\.30\.20\.0\/24, a part of 172\.30\.16\.0\/20, is routed by wg0 by someone else/,
    );
    assert.deepEqual(more, []);
  });
});
