#!/usr/bin/env node
// `npx dockroute status | graph | check`. As in handlers.js: a checkout is read from its sources, a package from bin/.
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const inCheckout = existsSync(join(__dirname, "provider", "shells", "cli", "main.ts"));
if (inCheckout) require("tsx/cjs");
const { main } = require(inCheckout ? "./provider/shells/cli/main.ts" : "./bin/shells/cli/main.js");

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
