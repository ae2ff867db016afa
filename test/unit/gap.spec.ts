import { equal, throws } from "node:assert/strict";
import { longestGap } from "../support/gap.js";

describe("the time that a ping had no answer", () => {
  const answer = (second: number) =>
    `[${second.toFixed(6)}] 64 bytes from 172.30.16.2: icmp_seq=1 ttl=62 time=0.1 ms`;
  const silent = "[1012.000000] From 172.30.0.1 icmp_seq=60 Destination Host Unreachable";

  it("is the longest time between two answers, less the ping's own interval", () => {
    equal(
      longestGap([answer(1000), answer(1000.2), silent, answer(1020.4)].join("\n"), 1020.5).toFixed(1),
      "20.0",
    );
  });

  it("is the time since the last answer where none came again", () => {
    equal(longestGap([answer(1000), answer(1000.2), silent].join("\n"), 1030.4).toFixed(1), "30.0");
  });

  it("is nothing where every ping was answered", () => {
    equal(longestGap([answer(1000), answer(1000.2)].join("\n"), 1000.3).toFixed(1), "0.0");
  });

  it("is not known where there was no answer at all", () => {
    throws(() => longestGap(silent, 1013), /no answer at all/);
  });
});
