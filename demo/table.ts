export { type Cell, coloured, paint, type Tone, table } from "../provider/shells/cli/table.js";
