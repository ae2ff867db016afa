import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { quote } from "../../../provider/engine/command.js";

const unit = fc.oneof(
  fc.constantFrom(..."ab 1'\"$`\\;&|<>(){}*?~#!=%@:,+\n\t\r"),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }).filter((text) => !text.includes("\0")),
);
const words = fc.array(fc.string({ unit, maxLength: 8 }), { minLength: 1, maxLength: 5 });

describe("quote", () => {
  it("quotes any words so that sh reads the same words", () => {
    fc.assert(
      fc.property(words, (args) => {
        const { stdout } = spawnSync("sh", ["-c", quote(["printf", "%s\\0", ...args])], { encoding: "utf8" });
        assert.equal(stdout, args.map((word) => `${word}\0`).join(""));
      }),
      { numRuns: 60 },
    );
  });

  it("leaves plain words plain, so that people can read them", () => {
    const argv = ["ip", "route", "replace", "172.30.2.0/24", "via", "192.168.1.2"];
    assert.equal(quote(argv), "ip route replace 172.30.2.0/24 via 192.168.1.2");
    assert.equal(quote(["printf", "", "it's"]), "printf '' 'it'\\''s'");
  });

  it("refuses words that no shell can hold", () => {
    assert.throws(() => quote(["printf", "a\0b"]), { message: "a NUL byte cannot be part of a command" });
  });
});
