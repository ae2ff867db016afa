import assert from "node:assert/strict";
import * as docker from "../../../provider/facts/docker.js";
import * as machine from "../../../provider/facts/machine.js";
import { images, readFrom, said, shown } from "../../support/recorded.js";

describe("Docker", () => {
  for (const image of images) {
    it(`is read on ${image}`, () => {
      const fresh = shown(image, "fresh", docker.daemon);
      const [recorded, backend] = image.split("-");
      assert.equal(`docker${fresh.version?.split(".")[0]}`, recorded);
      assert.deepEqual(
        { ...fresh, version: "", firewall: undefined },
        { version: "", running: 2, liveRestore: false, rootless: false, pools: [], firewall: undefined },
      );
      // Docker says it from 28 on.
      const said = Number(fresh.version?.split(".")[0]) >= 28;
      assert.equal(fresh.firewall, !said ? undefined : backend === "nft" ? "nftables" : "iptables");
      const ours = shown(image, "ours", docker.daemon);
      assert.deepEqual(ours.pools, [{ base: "172.30.16.0/20", size: 24 }]);
    });

    it(`tells which ports of ${image} are published`, () => {
      assert.deepEqual(shown(image, "fresh", docker.published), [
        { name: "web", port: 8080, protocol: "tcp" },
      ]);
    });
  }

  it("has no version where no daemon answers", () => {
    const nobody = { running: 0, liveRestore: false, rootless: false, pools: [] };
    for (const text of ["", '{"ServerVersion":"","ServerErrors":["Cannot connect"]}', "{"]) {
      assert.deepEqual(readFrom(docker.daemon, said(text, 1)), nobody);
    }
  });

  it("is rootless where it says so", () => {
    assert.ok(
      readFrom(docker.daemon, said('{"ServerVersion":"28","SecurityOptions":["name=rootless"]}')).rootless,
    );
  });

  it("is a snap, or Podman under Docker's name, where it says so", () => {
    const snap = '{"ServerVersion":"28","DockerRootDir":"/var/snap/docker/common/var-lib-docker"}';
    assert.equal(readFrom(docker.daemon, said(snap)).other, "snap");
    assert.equal(readFrom(docker.daemon, said('{"host":{},"store":{},"version":{}}')).other, "podman");
  });

  it("hides its pools after a reload of Docker 28 and 29", () => {
    for (const base of ["invalid Prefix", ""]) {
      const text = `{"ServerVersion":"29","DefaultAddressPools":[{"Base":"${base}","Size":24}]}`;
      const { hidesPools, pools } = readFrom(docker.daemon, said(text));
      assert.deepEqual({ hidesPools, pools }, { hidesPools: true, pools: [] });
    }
  });

  const removed: readonly (readonly [stdout: string, is: boolean])[] = [
    ["LoadState=not-found\n", true],
    ["LoadState=not-found\nno dockerd\n", true],
    ["LoadState=masked\nno dockerd\n", true],
    ["LoadState=loaded\nno dockerd\n", true],
    ["LoadState=loaded\n", false],
    ["LoadState=masked\n", false],
    ["no dockerd\n", false],
    ["", false],
  ];
  for (const [stdout, is] of removed) {
    it(`${is ? "was removed" : "counts as installed"} if the host answers ${JSON.stringify(stdout)}`, () =>
      assert.equal(readFrom(docker.isRemoved, said(stdout)), is));
  }

  it("publishes a range of ports; those that IPv6 alone or nobody reaches do not count", () => {
    const ports = "0.0.0.0:9000-9001->9000-9001/udp, [::]:9000-9001->9000-9001/udp, :::80->80/tcp, 81/tcp";
    assert.deepEqual(readFrom(docker.published, said(`${JSON.stringify({ name: "a", ports })}\n`)), [
      { name: "a", port: 9000, protocol: "udp" },
      { name: "a", port: 9001, protocol: "udp" },
    ]);
    assert.deepEqual(readFrom(docker.published, said("Cannot connect to the Docker daemon\n", 1)), []);
  });
});

describe("a machine", () => {
  it("has an id, or none that can be read", () => {
    assert.equal(readFrom(machine.machine, said("0123\n")), "0123");
    assert.equal(readFrom(machine.machine, said("", 1)), undefined);
  });

  it("has the resolvers that its file names", () => {
    const text = "# nameserver 9.9.9.9\nnameserver 10.0.0.53\nnameserver\t127.0.0.53 \nnameserver ::1\n";
    assert.deepEqual(readFrom(machine.resolvers, said(text)), ["10.0.0.53", "127.0.0.53"]);
  });

  it("is logged in to from the client's address", () => {
    assert.equal(readFrom(machine.client, said("192.168.1.9 50000 192.168.1.1 22\n")), "192.168.1.9");
    assert.equal(readFrom(machine.client, said("", 1)), undefined);
  });
});
