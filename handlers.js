// The entry of the provider process. In a checkout the TypeScript sources lie beside this file and are read as
// they are, so that `pulumi up` can never run stale compiled code; an installed package has only bin/.
const { existsSync } = require("node:fs");
const { join } = require("node:path");

if (existsSync(join(__dirname, "provider", "shells", "dynamic", "handlers.ts"))) {
  require("tsx/cjs");
  module.exports = require("./provider/shells/dynamic/handlers.ts");
} else {
  module.exports = require("./bin/shells/dynamic/handlers.js");
}
