/** For the provider process, which finds each kind of resource here by its name. Not for programs. */
declare const handlers: Readonly<
  Record<
    | "DockerBridge"
    | "ForwardRule"
    | "HostLink"
    | "LanNetwork"
    | "MasqueradeRule"
    | "PeerRoute"
    | "PeerRoutes",
    unknown
  >
>;
export = handlers;
