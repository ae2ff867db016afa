/** dockroute's public face: the resources, the component Mesh, the check, the planner, and their types. Nothing else is exported. */
export { PlanError } from "./plan/error.js";
export type {
  LanConfig,
  LanDriver,
  LanHost,
  LanOfHost,
  LanPiece,
  LanPlan,
  LansConfig,
} from "./plan/lan-config.js";
export { lanPlan } from "./plan/lans.js";
export { planMesh } from "./plan/mesh.js";
export type { HostPlan, MeshConfig, MeshHost, Plan } from "./plan/types.js";
export { DockerBridge, type DockerBridgeArgs } from "./shells/dynamic/classes/docker-bridge.js";
export { ForwardRule, type ForwardRuleArgs } from "./shells/dynamic/classes/forward-rule.js";
export { HostLink, type HostLinkArgs } from "./shells/dynamic/classes/host-link.js";
export { LanNetwork, type LanNetworkArgs } from "./shells/dynamic/classes/lan-network.js";
export { MasqueradeRule, type MasqueradeRuleArgs } from "./shells/dynamic/classes/masquerade-rule.js";
export {
  Mesh,
  type MeshArgs,
  type MeshHostArgs,
  type MeshHostLocation,
} from "./shells/dynamic/classes/mesh.js";
export {
  MeshCheck,
  type MeshCheckArgs,
  type MeshCheckHost,
  type MeshCheckResults,
} from "./shells/dynamic/classes/mesh-check.js";
export {
  type LinkToPeer,
  type LinkToPeerArgs,
  PeerRoute,
  type PeerRouteArgs,
} from "./shells/dynamic/classes/peer-route.js";
export { PeerRoutes, type PeerRoutesArgs, type WayToPeerArgs } from "./shells/dynamic/classes/peer-routes.js";
export type { ConnectionArgs, HopArgs } from "./shells/dynamic/classes/resource.js";
