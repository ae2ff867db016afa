import assert from "node:assert/strict";
import { unseen } from "../../../provider/engine/command.js";
import * as dockerNetworks from "../../../provider/facts/docker-networks.js";
import { answer, images, said } from "../../support/recorded.js";

const { question } = dockerNetworks;
const read = (stdout: string, code = 0) => dockerNetworks.read(said(stdout, code)).all;

describe("Docker's networks", () => {
  for (const image of images) {
    describe(`on ${image}`, () => {
      const all = dockerNetworks.read(answer(image, "networks", question)).all ?? [];
      const named = (name: string) => all.find((each) => each.name === name);
      const nftables = image.endsWith("-nft");

      it("have the bridges that `ip link` shows", () => {
        const own = (name: string) => `br-${named(name)?.id.slice(0, 12)}`;
        assert.equal(named("bridge")?.bridge, "docker0");
        assert.equal(named("mail")?.bridge, "br-mail");
        assert.equal(named("side")?.bridge, own("side"));
        assert.equal(named("docker_gwbridge")?.bridge, nftables ? undefined : "docker_gwbridge");
        for (const name of ["host", "none", "wire", "vlan", "ingress"]) {
          assert.equal(named(name)?.bridge, undefined);
        }
      });

      it("have one default", () => {
        assert.deepEqual(
          all.filter(({ isDefault }) => isDefault).map(({ name }) => name),
          ["bridge"],
        );
      });

      it("have their ranges, IPv6 among them", () => {
        assert.deepEqual(named("side")?.ranges, [{ subnet: "172.18.0.0/16", gateway: "172.18.0.1" }]);
        assert.deepEqual(named("host")?.ranges, []);
        const six = named("six")
          ?.ranges.map(({ subnet }) => subnet)
          .sort();
        assert.deepEqual(six, nftables ? undefined : ["172.24.0.0/16", "fd00:77::/64"]);
      });

      it("are internal, routed, without masquerading or bound where their options want it", () => {
        const with_ = (has: (each: dockerNetworks.DockerNetwork) => boolean) =>
          all.flatMap((each) => (each.driver === "bridge" && has(each) ? [each.name] : []));
        assert.deepEqual(
          with_(({ internal }) => internal),
          ["quiet"],
        );
        assert.deepEqual(
          with_(({ gatewayMode }) => gatewayMode.ipv4 !== "nat"),
          ["open"],
        );
        assert.deepEqual(
          with_(({ masquerades }) => !masquerades),
          ["plain"],
        );
        assert.deepEqual(
          with_(({ icc }) => !icc),
          nftables ? ["bound"] : ["bound", "docker_gwbridge"],
        );
        assert.equal(named("bound")?.sourceIpv4, "10.9.9.9");
        assert.equal(named("bound")?.bindingIpv4, "127.0.0.1");
        assert.equal(named("open")?.gatewayMode.ipv6, "nat");
      });

      it("have their drivers, scopes and running containers", () => {
        assert.deepEqual([named("wire")?.driver, named("vlan")?.driver], ["macvlan", "ipvlan"]);
        assert.equal(named("side")?.containers, 1);
        assert.equal(named("mail")?.containers, 0);
        const swarm = all.filter(({ scope }) => scope === "swarm");
        assert.deepEqual(
          swarm.map(({ name, driver, ingress }) => [name, driver, ingress]),
          nftables ? [] : [["ingress", "overlay", true]],
        );
      });
    });
  }

  it("are unknown where no Docker answers", () => {
    for (const text of ["", "Cannot connect to the Docker daemon\n", '[{"name":"podman","id":"2f25"}]\n']) {
      assert.equal(read(text, 1), undefined);
    }
    assert.equal(dockerNetworks.networks.read([unseen], undefined), undefined);
  });

  it("are those that are left where one was removed between list and inspect", () => {
    const [first] = images;
    assert.ok(first !== undefined);
    const { stdout } = answer(first, "networks", question);
    assert.equal(read(stdout, 1)?.length, stdout.trim().split("\n").length);
  });
});
