import assert from "node:assert/strict";
import type { Answer } from "../../../provider/engine/command.js";
import * as containers from "../../../provider/facts/docker-containers.js";
import { mentions } from "../../../provider/facts/mentions.js";
import { images, readFrom, said, shown } from "../../support/recorded.js";

/** As Docker 20.10 and 26.1 printed it, but for the name. */
const published =
  '{"name":"/db","policy":"always","running":true,"error":"","ports":{"80/tcp":[{"HostIp":"172.17.0.1","HostPort":"5432"},' +
  '{"HostIp":"","HostPort":"8080"}],"81/tcp":[{"HostIp":"","HostPort":"8081"}]},"dns":["172.17.0.1"],' +
  '"hosts":["gw:172.17.0.1"],"variables":["DB",null]}';
const bare = { error: "", ports: {}, dns: [], hosts: null, variables: [null] };
const nothing = { published: [], dns: [], hosts: [], variables: [] };

const both = (answered: Answer) => ({
  running: readFrom(containers.running, answered),
  stopped: readFrom(containers.stopped, answered),
});

describe("Docker's containers", () => {
  for (const image of images) {
    it(`are read on ${image}, and those that come back are told`, () => {
      const running = shown(image, "fresh", containers.running);
      const stopped = shown(image, "fresh", containers.stopped);
      assert.deepEqual(
        running.map(({ name, returns }) => [name, returns]),
        [
          ["idle", false],
          ["web", true],
        ],
      );
      assert.deepEqual(running[1]?.published, [{ address: "", port: "8080" }]);
      assert.deepEqual(stopped, []);
    });

    it(`have the files that name docker0's network beside them on ${image}`, () => {
      assert.deepEqual(shown(image, "fresh", mentions), []);
    });
  }

  it("come back after a restart of Docker by their policy, and by whether a person stopped them", () => {
    const line = (name: string, policy: string, running: boolean, more: object = {}) =>
      JSON.stringify({ name, policy, running, ...bare, ...more });
    const lines = [
      line("/a", "unless-stopped", true),
      line("/b", "on-failure", true),
      line("/c", "always", false, { error: "bind source path does not exist: /srv/files" }),
      line("/d", "unless-stopped", false),
      "Error: No such object: 0123",
      "",
    ];
    assert.deepEqual(both(said(lines.join("\n"))), {
      running: [
        { name: "a", returns: true, ...nothing },
        { name: "b", returns: false, ...nothing },
      ],
      stopped: [
        { name: "c", returns: true, error: "bind source path does not exist: /srv/files", ...nothing },
        { name: "d", returns: false, ...nothing },
      ],
    });
  });

  it("have their ports, resolvers, hosts and variables", () => {
    assert.deepEqual(readFrom(containers.running, said(published)), [
      {
        name: "db",
        returns: true,
        published: [
          { address: "172.17.0.1", port: "5432" },
          { address: "", port: "8080" },
          { address: "", port: "8081" },
        ],
        dns: ["172.17.0.1"],
        hosts: ["gw:172.17.0.1"],
        variables: ["DB"],
      },
    ]);
  });
});

describe("the files of /etc that name docker0's network", () => {
  it("are told by file, line and address", () => {
    assert.deepEqual(
      readFrom(
        mentions,
        said("/etc/exports:1:172.17.0.0/16\n/etc/a:b:12:172.17.0.1.\n/etc/hosts.allow:1:172.17.\ngrep: x\n"),
      ),
      [
        { file: "/etc/exports", line: 1, address: "172.17.0.0/16" },
        { file: "/etc/a:b", line: 12, address: "172.17.0.1" },
        { file: "/etc/hosts.allow", line: 1, address: "172.17." },
      ],
    );
  });
});
