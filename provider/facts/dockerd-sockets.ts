/** The daemon to which the command docker speaks: the one that docker.service runs, or another one. */
import { type Client, type Settings, setting } from "./dockerd.js";

/** The sockets at which the daemon of docker.service listens: "unix:///run/docker.sock". */
export function listens(settings: Settings): readonly string[] {
  const told = (setting("host", settings)?.values ?? []).map(String);
  const all = told.length === 0 ? [standard] : told;
  return all.flatMap((host) => (host.startsWith("fd:") ? settings.dockerd.sockets : [host])).map(normal);
}

const standard = "unix:///var/run/docker.sock";

/**
 * The setting that makes the command docker speak to another daemon than the one that docker.service runs; undefined if
 * it speaks to this one, or it is not known.
 */
export function otherDaemon(settings: Settings): Client | "not docker.service" | undefined {
  const { state, sockets, client = { by: "", endpoint: standard } } = settings.dockerd;
  const asked = normal(client.endpoint);
  // Any client that asks at the socket of a stopped docker.service starts it.
  const own = state === "stopped" ? sockets : listens(settings);
  // A socket unit of another name gives dockerd sockets that nothing here tells of.
  const isUnknown = state === "unknown" || (state === "runs" && own.length === 0);
  if (isUnknown || own.some((each) => isSame(each, asked))) return undefined;
  return state === "stopped" && client.by === "" ? "not docker.service" : client;
}

function normal(endpoint: string): string {
  const text = endpoint.includes("://") ? endpoint : `tcp://${endpoint}`;
  return text
    .replace(/^unix:\/\/\/var\/run\//, "unix:///run/")
    .replace(/^(http|tcp):\/\/localhost(?=[:/]|$)/, "tcp://127.0.0.1");
}

/** A daemon that listens on every address is reached by any of them; one of another machine is another daemon. */
function isSame(own: string, asked: string): boolean {
  const anywhere = /^tcp:\/\/(?:0\.0\.0\.0|\[::\])?(:\d+)/.exec(own)?.[1];
  return own === asked || (anywhere !== undefined && asked === `tcp://127.0.0.1${anywhere}`);
}
