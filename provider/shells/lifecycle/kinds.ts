/** The table of kinds: what every shell offers, by the name that class, token and state have. */
import type { z } from "zod";
import type { Command } from "../../engine/command.js";
import { commonQuestionsOf, type Facts } from "../../engine/fact.js";
import type { Kind, OnHost } from "../../engine/kind.js";
import { lintFacts } from "../../lint/hosts.js";
import { dockerBridge } from "../../resources/bridge/index.js";
import { schema as bridgeForm } from "../../resources/bridge/inputs.js";
import { forwardRule } from "../../resources/forward/index.js";
import { schema as forwardForm } from "../../resources/forward/inputs.js";
import { lanNetwork } from "../../resources/lan/index.js";
import { schema as lanForm } from "../../resources/lan/inputs.js";
import { hostLink } from "../../resources/link/index.js";
import { schema as linkForm } from "../../resources/link/inputs.js";
import { masqueradeForm, masqueradeRule } from "../../resources/masquerade/index.js";
import { peerRoute, routeForm } from "../../resources/route/index.js";
import { peerRoutes, routesForm } from "../../resources/routes/index.js";
import { KindLifecycle, type Lifecycle } from "./lifecycle.js";
import { MeshCheckLifecycle, meshCheckForm } from "./mesh-check.js";
import type { Session } from "./session.js";

/** One kind, as a shell needs it. */
export interface Offered {
  /** The form of its inputs, of which languages without classes get their types. */
  readonly form: z.ZodType;
  /** Inputs whose new value replaces the resource. */
  readonly replacing: readonly string[];
  readonly questions: readonly Command[];
  readonly lifecycle: (session: Session) => Lifecycle;
}

function onHost<I extends OnHost, F extends Facts<I>>(kind: Kind<I, F>, form: z.ZodType<I>): Offered {
  const replacing = Object.entries(kind.changes).flatMap(([name, how]) => (how === "replace" ? [name] : []));
  return {
    form,
    replacing: ["host", ...replacing],
    questions: commonQuestionsOf(kind.facts),
    lifecycle: (session) => new KindLifecycle(kind, session),
  };
}

export const kinds = {
  DockerBridge: onHost(dockerBridge, bridgeForm),
  PeerRoute: onHost(peerRoute, routeForm),
  PeerRoutes: onHost(peerRoutes, routesForm),
  MasqueradeRule: onHost(masqueradeRule, masqueradeForm),
  ForwardRule: onHost(forwardRule, forwardForm),
  HostLink: onHost(hostLink, linkForm),
  LanNetwork: onHost(lanNetwork, lanForm),
  MeshCheck: {
    form: meshCheckForm,
    replacing: [],
    questions: [],
    lifecycle: (session: Session) => new MeshCheckLifecycle(session),
  },
} satisfies Readonly<Record<string, Offered>>;

export type KindName = keyof typeof kinds;

/** The questions that are asked of a host at once. */
export const questions: readonly Command[] = [
  ...commonQuestionsOf(lintFacts),
  ...Object.values(kinds).flatMap((kind) => kind.questions),
];
