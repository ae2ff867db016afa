export { PlanError, type PlanFault } from "./error.js";
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
export type { HostPlan, HostSubnet, MeshConfig, MeshHost, PartialMesh, Plan } from "./types.js";
