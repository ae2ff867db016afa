import { doesNotMatch, equal, ok } from "node:assert/strict";
import { printable } from "../../../provider/engine/printable.js";

describe("the output of a host", () => {
  it("moves no cursor, and is cut where it floods", () => {
    equal(printable("a\x1b[2J\x1b]0;title\x07b\rc\x00\u202e\x9b31md"), "a]0;titleb\ncd");
    ok(printable("x".repeat(10_000)).length < 2_100);
    doesNotMatch(printable("\x1b\x07\x08\x7f"), /./);
  });
});
