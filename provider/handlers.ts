/**
 * The entry of the provider process. Every resource in every state file names `dockroute/handlers` and one of
 * these five: path and names are a promise and are never changed.
 */
import { endWithEngine } from "./engine.js";
import { KindLifecycle, type Lifecycle } from "./lifecycle.js";
import { lintQuestions } from "./lint.js";
import { MeshCheckLifecycle } from "./mesh-check.js";
import { dockerBridge } from "./resources/docker-bridge.js";
import { forwardRule } from "./resources/forward-rule.js";
import { masqueradeRule } from "./resources/masquerade-rule.js";
import { peerRoute } from "./resources/peer-route.js";
import { Session } from "./session.js";

endWithEngine();

const kinds = [dockerBridge, peerRoute, masqueradeRule, forwardRule];
/** What is asked of a host at once. */
export const questions = [
  ...lintQuestions,
  ...kinds.flatMap(({ look }) => look.questions.filter((each) => !look.later?.includes(each))),
];
const session = new Session(questions);

export const MeshCheck: Lifecycle = new MeshCheckLifecycle(session);
export const DockerBridge: Lifecycle = new KindLifecycle(dockerBridge, session);
export const PeerRoute: Lifecycle = new KindLifecycle(peerRoute, session);
export const MasqueradeRule: Lifecycle = new KindLifecycle(masqueradeRule, session);
export const ForwardRule: Lifecycle = new KindLifecycle(forwardRule, session);
