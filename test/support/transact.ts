import { Hosts } from "../../provider/host/hosts.js";

/** A client to be killed: begins a transaction, says "verifying", and never ends by itself. */
const [endpoint = "", connection = "", alsoUndo = "[]"] = process.argv.slice(2);
const hosts = new Hosts((key) => (key === "dockroute:connection" ? connection : undefined), console.log);
const host = hosts.get("alpha", endpoint);

void host
  .transact({
    why: "make the state new",
    commands: [{ why: "write the new state", argv: ["tee", "/root/state"], stdin: "new\n" }],
    undo: [
      { why: "write the old state", argv: ["tee", "/root/state"], stdin: "old\n" },
      ...JSON.parse(alsoUndo),
    ],
    verify: () => {
      console.log("verifying");
      return new Promise<never>(() => {});
    },
  })
  .catch((error: unknown) => console.log(String(error)));
