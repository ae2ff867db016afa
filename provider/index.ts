/** dockroute's public face: the four resources, the component Mesh, the check, the planner, and their types. Nothing else is exported. */
export { PlanError } from "./plan/error.js";
export { planMesh } from "./plan/mesh.js";
export type { HostPlan, MeshConfig, MeshHost, Plan } from "./plan/types.js";
export { DockerBridge, type DockerBridgeArgs } from "./pulumi/docker-bridge.js";
export { ForwardRule, type ForwardRuleArgs } from "./pulumi/forward-rule.js";
export { MasqueradeRule, type MasqueradeRuleArgs } from "./pulumi/masquerade-rule.js";
export { Mesh, type MeshArgs, type MeshHostArgs } from "./pulumi/mesh.js";
export { MeshCheck, type MeshCheckArgs, type MeshCheckResults } from "./pulumi/mesh-check.js";
export { PeerRoute, type PeerRouteArgs } from "./pulumi/peer-route.js";
export type { ConnectionArgs } from "./pulumi/resource.js";
