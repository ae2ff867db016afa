/**
 * The entry of the provider process. Every resource in every state file names `dockroute/handlers` and one of
 * these eight: path and names are a promise and are never changed.
 */
import { endWithEngine } from "../lifecycle/end-with-engine.js";
import { kinds, questions } from "../lifecycle/kinds.js";
import type { Lifecycle } from "../lifecycle/lifecycle.js";
import { Session } from "../lifecycle/session.js";

// Whoever else imports this file has another standard input.
if (/[/\\]dynamic-provider\b/.test(process.argv[1] ?? "")) endWithEngine();

const session = new Session(questions);

export const MeshCheck: Lifecycle = kinds.MeshCheck.lifecycle(session);
export const DockerBridge: Lifecycle = kinds.DockerBridge.lifecycle(session);
export const PeerRoute: Lifecycle = kinds.PeerRoute.lifecycle(session);
export const PeerRoutes: Lifecycle = kinds.PeerRoutes.lifecycle(session);
export const MasqueradeRule: Lifecycle = kinds.MasqueradeRule.lifecycle(session);
export const ForwardRule: Lifecycle = kinds.ForwardRule.lifecycle(session);
export const HostLink: Lifecycle = kinds.HostLink.lifecycle(session);
export const LanNetwork: Lifecycle = kinds.LanNetwork.lifecycle(session);
