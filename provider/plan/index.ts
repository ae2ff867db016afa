export { namePattern } from "./check.js";
export { PlanError, type PlanFault } from "./error.js";
export { planMesh, planParts } from "./mesh.js";
export { type Move, moves, type Networks, pools, type Room, room } from "./report.js";
export type { HostPlan, MeshConfig, MeshHost, PartsConfig, Plan } from "./types.js";
