/** Hosts with which dockroute does not work: refused at preview with the reason and the remedy, and untouched. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import type { HostSpec } from "../../lab/lab.js";
import { differences, snapshot } from "../../lab/snapshot.js";
import { Scene } from "../support/scene.js";
import { emptyTable } from "../support/site.js";
import { meshConfig } from "../support/stack.js";

interface Case extends HostSpec {
  /** Makes it so, on the running host. */
  readonly make: (host: Host) => Promise<unknown>;
  readonly says: RegExp;
}

const cases: readonly Case[] = [
  {
    name: "podman",
    image: "docker26+podman",
    // Podman's own driver, overlay, works once on a lab's root, which is an overlay itself.
    make: (host) =>
      host.run(`systemctl disable -q --now docker.socket docker; ln -sf podman /usr/bin/docker
        printf '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' \
          >/etc/containers/storage.conf`),
    says: /podman: .*the command docker is Podman's here, which has no docker0; install Docker, or leave this host out/,
  },
  {
    // The fact read is the folder of Docker's data; a snap's daemon can keep it nowhere else.
    name: "snap",
    image: "docker28",
    make: (host) => restarted(host, { "data-root": "/var/snap/docker/common/var-lib-docker" }),
    says: /snap: .*Docker is a snap here, which reads another daemon\.json .*; install Docker's own/,
  },
  {
    // A daemon without root needs a user's session, which the lab's hosts have not; its answer has this one mark. It
    // listens at a socket of its own.
    name: "rootless",
    image: "docker28",
    make: (host) =>
      host.run(`mv /usr/bin/docker /usr/bin/docker.real; mv /run/docker.sock /run/own.sock
        printf '#!/bin/sh\\ndocker.real -H unix:///run/own.sock "$@" | sed "s/.name=seccomp/\\\\"name=rootless\\\\",&/"\\n' >/usr/bin/docker
        chmod +x /usr/bin/docker; docker info --format '{{json .}}' | grep -q name=rootless`),
    says: /rootless: .*Docker runs rootless here, in a network of its own that nothing can be routed to; use the system's/,
  },
  {
    name: "flag",
    image: "docker26",
    make: (host) =>
      host.run(`mkdir -p /etc/systemd/system/docker.service.d
        printf '[Service]\\nExecStart=\\nExecStart=%s --live-restore\\n' "$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/docker.service)" \\
          >/etc/systemd/system/docker.service.d/own.conf
        systemctl daemon-reload; systemctl restart docker`),
    says: /dockerd has the flag --live-restore \(in \S+own\.conf\), .*write "live-restore": true into \S+daemon\.json instead/,
  },
];

describe("refused at preview", () => {
  let scene: Scene;

  before(async () => {
    scene = await Scene.set("f1re", cases);
    await Promise.all(cases.map(({ name, make }) => make(scene.lab.host(name))));
  });
  after(() => scene?.strike());

  for (const { name, says } of cases) {
    it(`${name}, with the reason and what to change; nothing is touched`, async () => {
      const host = scene.lab.host(name);
      const was = await snapshot(host, { ignore: emptyTable });
      scene.stack.configure(meshConfig(scene.lab, [name]));
      const { code, text } = await scene.stack.preview();
      assert.notEqual(code, 0, text);
      assert.match(text.replace(/\s+/g, " "), says);
      assert.deepEqual(differences(was, await snapshot(host, { ignore: emptyTable })), []);
    });
  }
});

async function restarted(host: Host, keys: object): Promise<void> {
  await host.run(["tee", "/etc/docker/daemon.json"], { input: JSON.stringify(keys) });
  await host.run("systemctl restart docker");
}
