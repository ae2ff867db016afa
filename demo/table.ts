export { type Cell, coloured, paint, type Tone, table } from "../provider/cli/table.js";
