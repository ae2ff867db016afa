import { spawnSync } from "node:child_process";
import { Lab } from "./lab.js";
import { loud, step } from "./run.js";

(async () => {
  const lab = await Lab.up({
    prefix: "t1",
    hosts: [
      { name: "alpha", image: "docker20" },
      { name: "beta", image: "docker26" },
      { name: "gamma", image: "docker28" },
    ],
    log: loud,
    keepOnFailure: true,
  });
  console.log(lab.subnet);
})();
