import type { types } from "@pulumi/command";
import type { ConnectionArgs } from "../../provider/index.js";

type Theirs = types.input.remote.ConnectionArgs;
type Shared = Pick<ConnectionArgs, Exclude<Extract<keyof ConnectionArgs, keyof Theirs>, "proxy">>;

/** Compiles only where one connection object serves @pulumi/command and dockroute. */
describe("a connection", () => {
  it("of @pulumi/command is one of dockroute's, and back for the other fields that both have", () => {
    const theirs: Theirs = {
      host: "192.168.145.128",
      privateKey: "text",
      proxy: { host: "192.168.145.1", user: "jump" },
    };
    const ours: ConnectionArgs = theirs;
    const shared: Shared = ours;
    const back: Theirs = shared;
    void back;
  });

  it("has every field that theirs has", () => {
    const all: Record<keyof Theirs, keyof ConnectionArgs> = {
      agentSocketPath: "agentSocketPath",
      dialErrorLimit: "dialErrorLimit",
      host: "host",
      hostKey: "hostKey",
      password: "password",
      perDialTimeout: "perDialTimeout",
      port: "port",
      privateKey: "privateKey",
      privateKeyPassword: "privateKeyPassword",
      proxy: "proxy",
      user: "user",
    };
    void all;
  });
});
