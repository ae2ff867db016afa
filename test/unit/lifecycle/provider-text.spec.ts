/** The one line of code that a state holds. */
import assert from "node:assert/strict";
import { providerText } from "../../../provider/shells/dynamic/classes/resource.js";

describe("the provider's text in the state", () => {
  const requireFromString: (text: string) => { handler: () => object } = require("require-from-string");

  for (const kind of ["DockerBridge", "PeerRoute", "MasqueradeRule", "ForwardRule"]) {
    it(`loads the installed code of ${kind}, as the SDK's provider process does it`, () => {
      const text = providerText(kind);
      assert.ok(text.length <= 600, `${text.length} bytes`);
      const provider = requireFromString(text).handler();
      const calls = ["configure", "check", "diff", "create", "read", "update", "delete"];
      const missing = calls.filter((call) => typeof Reflect.get(provider, call) !== "function");
      assert.deepEqual(missing, []);
    });
  }
});
