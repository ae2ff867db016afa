import assert from "node:assert/strict";
import * as ip from "../../../provider/facts/iproute.js";
import { answer, images, moment, said } from "../../support/recorded.js";

const [addressesQuestion, routesQuestion] = ip.questions;

describe("ip", () => {
  for (const image of images) {
    const { wishes } = moment(image, "ours");
    const own = wishes.route.endpoint.replace(/^root@|:22$/g, "");

    it(`reads the links of ${image}`, () => {
      const fresh = ip.readLinks(answer(image, "fresh", addressesQuestion));
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
      const routes = ip.readRoutes(answer(image, "ours", routesQuestion));
      const { destination, gateway } = wishes.route;
      assert.deepEqual(
        routes.find((route) => route.destination === destination),
        { destination, gateway, interface: "eth0", protocol: ip.protocol },
      );
      assert.equal(routes[0]?.destination, "default");
      assert.ok(
        !ip
          .readRoutes(answer(image, "fresh", routesQuestion))
          .some(({ protocol }) => protocol === ip.protocol),
      );
    });
  }

  it("reads no route and no link from a host that has none", () => {
    assert.deepEqual(ip.readRoutes(said("")), []);
    assert.deepEqual(ip.readLinks(said("[{},{}]")), []);
  });

  it("reads a route without gateway and device", () => {
    assert.deepEqual(
      ip.readRoutes(said('[{"type":"blackhole","dst":"172.30.2.0/24","metric":5,"flags":[]}]')),
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
