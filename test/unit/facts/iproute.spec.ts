import assert from "node:assert/strict";
import * as ip from "../../../provider/facts/iproute.js";
import { images, moment, readFrom, said, shown } from "../../support/recorded.js";

describe("ip", () => {
  for (const image of images) {
    const { wishes } = moment(image, "ours");
    const own = wishes.route.endpoint.replace(/^root@|:22$/g, "");

    it(`reads the links of ${image}`, () => {
      const fresh = shown(image, "fresh", ip.links);
      assert.deepEqual(
        fresh.filter(({ addresses }) => addresses.length > 0),
        [
          { name: "lo", addresses: ["127.0.0.1/8"], mtu: 65536 },
          { name: "eth0", addresses: [`${own}/24`], mtu: 1500 },
          { name: "docker0", addresses: ["172.17.0.1/16"], mtu: 1500 },
        ],
      );
    });

    it(`reads the routes of ${image}, its own among them`, () => {
      const routes = shown(image, "ours", ip.routes);
      const { destination, gateway } = wishes.route;
      assert.deepEqual(
        routes.find((route) => route.destination === destination),
        { destination, gateway, interface: "eth0", protocol: ip.protocol },
      );
      assert.equal(routes[0]?.destination, "default");
      assert.ok(!shown(image, "fresh", ip.routes).some(({ protocol }) => protocol === ip.protocol));
    });
  }

  it("reads no route and no link from a host that has none", () => {
    assert.deepEqual(readFrom(ip.routes, said("")), []);
    assert.deepEqual(readFrom(ip.links, said("[{},{}]")), []);
  });

  it("reads a route without gateway and device", () => {
    assert.deepEqual(
      readFrom(ip.routes, said('[{"type":"blackhole","dst":"172.30.2.0/24","metric":5,"flags":[]}]')),
      [{ destination: "172.30.2.0/24", metric: 5 }],
    );
  });

  it("names protocol and gateway of what it removes", () => {
    assert.deepEqual(ip.deleteRoute({ destination: "172.30.2.0/24", gateway: "192.168.1.2" }), {
      why: "remove the route to 172.30.2.0/24 through 192.168.1.2",
      argv: ["ip", "route", "del", "172.30.2.0/24", "via", "192.168.1.2", "proto", "219"],
    });
  });
});
