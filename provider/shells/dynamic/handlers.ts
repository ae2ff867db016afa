/**
 * The entry of the provider process. Every resource in every state file names `dockroute/handlers` and one of
 * these seven: path and names are a promise and are never changed.
 */

import { commonQuestionsOf } from "../../engine/fact.js";
import { lintFacts } from "../../lint/hosts.js";
import { dockerBridge } from "../../resources/bridge/index.js";
import { forwardRule } from "../../resources/forward/index.js";
import { lanNetwork } from "../../resources/lan/index.js";
import { masqueradeRule } from "../../resources/masquerade/index.js";
import { peerRoute } from "../../resources/route/index.js";
import { peerRoutes } from "../../resources/routes/index.js";
import { endWithEngine } from "./end-with-engine.js";
import { KindLifecycle, type Lifecycle } from "./lifecycle.js";
import { MeshCheckLifecycle } from "./mesh-check.js";
import { Session } from "./session.js";

endWithEngine();

/** The questions that are asked of a host at once. */
export const questions = [
  ...commonQuestionsOf(lintFacts),
  ...[dockerBridge, peerRoute, peerRoutes, masqueradeRule, forwardRule, lanNetwork].flatMap(({ facts }) =>
    commonQuestionsOf(facts),
  ),
];
const session = new Session(questions);

export const MeshCheck: Lifecycle = new MeshCheckLifecycle(session);
export const DockerBridge: Lifecycle = new KindLifecycle(dockerBridge, session);
export const PeerRoute: Lifecycle = new KindLifecycle(peerRoute, session);
export const PeerRoutes: Lifecycle = new KindLifecycle(peerRoutes, session);
export const MasqueradeRule: Lifecycle = new KindLifecycle(masqueradeRule, session);
export const ForwardRule: Lifecycle = new KindLifecycle(forwardRule, session);
export const LanNetwork: Lifecycle = new KindLifecycle(lanNetwork, session);
