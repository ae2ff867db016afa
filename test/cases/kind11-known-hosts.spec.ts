/** Kind 11, known hosts that are kept nowhere, in no folder yet, or under a name that ssh-keyscan cannot ask. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { commandIn, compare, Person } from "../support/advice.js";
import { pair, sceneOf } from "../support/cases.js";
import type { Scene } from "../support/scene.js";

describe("kind 11: a host whose key is in no file", () => {
  let scene: Scene;
  let host: Host;
  let person: Person;

  before(async () => {
    scene = await sceneOf("k11k", pair());
    host = scene.lab.host("alpha");
  });
  after(() => scene?.strike());
  beforeEach(() => {
    person = new Person(scene, host);
  });
  afterEach(() => person.strike());

  const settings = (text: string) => person.file(".ssh/config", text);
  const common = () => `  IdentityFile ${scene.lab.privateKeyFile}\n`;
  const pinned = (refusal: string) => {
    const [, hostKey = ""] = /hostKey: "([^"]+)"/.exec(commandIn(refusal, "hostKey")) ?? [];
    return { hostKey };
  };

  for (const [what, lines] of [
    ["/dev/null, and no check", "  UserKnownHostsFile /dev/null\n  StrictHostKeyChecking no\n"],
    [
      "none, of the person's and of the system's",
      "  UserKnownHostsFile none\n  GlobalKnownHostsFile /dev/null\n",
    ],
  ] as const) {
    it(`ssh's settings name ${what}: the key is pinned as the refusal has it`, async () => {
      settings(`Host *\n${common()}${lines}`);
      person.logsIn({});
      const refusal = await person.refusal(/known hosts are kept nowhere/);
      await compare(host, refusal);
      person.logsIn(pinned(refusal));
      await person.getsIn();
    });
  }

  it("the connection names /dev/null: the same", async () => {
    const own = { privateKeyFile: scene.lab.privateKeyFile };
    person.logsIn({ ...own, knownHostsFile: "/dev/null" });
    const refusal = await person.refusal(/known hosts are kept nowhere/);
    person.logsIn({ ...own, ...pinned(refusal) });
    await person.getsIn();
  });

  it("the person has no ~/.ssh yet: the command makes it", async () => {
    person.logsIn({ privateKeyFile: scene.lab.privateKeyFile });
    const refusal = await person.refusal(/known_hosts \(which does not exist\)/);
    await compare(host, refusal);
    await person.types(commandIn(refusal, "mkdir"));
    await person.getsIn();
  });

  it("it is reached through another one, under an alias for its key: the line is given", async () => {
    const beta = scene.lab.host("beta").address;
    settings(
      `Host inner\n  HostName ${host.address}\n  HostKeyAlias the-inner\n  ProxyJump root@${beta}\n  UserKnownHostsFile ~/.ssh/inner\n` +
        `Host *\n${common()}  UserKnownHostsFile ${scene.lab.knownHostsFile}\n`,
    );
    person.logsIn({ host: "inner" });
    const refusal = await person.refusal(/no line for the-inner in /);
    await compare(host, refusal);
    await person.types(commandIn(refusal, "echo"));
    await person.getsIn();
    // The same line serves OpenSSH.
    assert.match(
      await person.types("cat ~/.ssh/inner; ssh-keygen -F the-inner -f ~/.ssh/inner"),
      /Host the-inner found/,
    );
  });
});
