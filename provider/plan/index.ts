export { PlanError, type PlanFault } from "./error.js";
export {
  type LanConfig,
  type LanDriver,
  type LanHost,
  type LanOfHost,
  type LanPiece,
  type LanPlan,
  type LansConfig,
  lanDrivers,
  lanNamePattern,
} from "./lan-config.js";
export { lanPlan } from "./lans.js";
export { planMesh, planSubnets } from "./mesh.js";
export { hostNamePattern, interfacePattern } from "./names.js";
export {
  type Move,
  moves,
  type Networks,
  pools,
  type Rename,
  type Room,
  renames,
  room,
} from "./report.js";
export type {
  Between,
  HostPlan,
  HostSubnet,
  LinkSettings,
  MeshConfig,
  MeshHost,
  PartialMesh,
  Plan,
} from "./types.js";
export { wayLines, wayWarnings } from "./way-table.js";
export {
  betweens,
  callTo,
  defaultPorts,
  type End,
  type FabricRoute,
  fabricRoutes,
  isLink,
  type LinkKind,
  linkAddress,
  portOf,
  readEndpoint,
  sourcesOfEnds,
  type Way,
  wayBetween,
} from "./ways.js";
