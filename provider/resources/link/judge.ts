/** The reasons that keep a host from having a link, and the warnings for a person before it has one. */
import { type Fault, fault } from "../../engine/errors/fault.js";
import { vni } from "../../facts/link-device.js";
import { absentNics } from "../host/network.js";
import { foundDevice } from "./device.js";
import { type HostLinkSeen, programOf } from "./facts.js";
import { deviceOf, type HostLinkInputs, portOf } from "./inputs.js";

export function refusals(wanted: HostLinkInputs, seen: HostLinkSeen): readonly Fault[] {
  const { interface: card } = wanted;
  return [
    ...(wanted.kind === "wireguard" ? missing(wanted, seen) : sameNumber(wanted, seen)),
    ...(isTaken(wanted, seen) ? [taken(wanted)] : []),
    ...(card === undefined ? [] : absentNics("interface", [card], seen)),
  ];
}

/** Programs and kernel modules that WireGuard needs. */
function missing(wanted: HostLinkInputs, seen: HostLinkSeen): readonly Fault[] {
  const { hasTools, inKernel } = seen.wireguard;
  const isThere = foundDevice(wanted, seen) !== undefined;
  const canRun = inKernel || isThere || programOf(wanted, seen) !== undefined;
  return [
    ...(hasTools
      ? []
      : [fault("kind", "the program wg is not installed: install the package wireguard-tools there")]),
    ...(canRun
      ? []
      : [
          fault(
            "kind",
            "the kernel has no WireGuard (modprobe finds no module wireguard): install a kernel that has it, or the " +
              "package wireguard-go, there",
          ),
        ]),
  ];
}

function sameNumber(wanted: HostLinkInputs, { devices }: HostLinkSeen): readonly Fault[] {
  return devices
    .filter(
      ({ name, vxlan }) => name !== deviceOf(wanted) && vxlan?.id === vni && vxlan.port === portOf(wanted),
    )
    .map(({ name }) =>
      fault(
        "kind",
        `the VXLAN ${name} has the number ${vni} on port ${portOf(wanted)} already; choose another port`,
      ),
    );
}

/** True if somebody else listens on the port. VXLAN devices share one. */
function isTaken(wanted: HostLinkInputs, { udpPorts, wireguard, devices }: HostLinkSeen): boolean {
  const port = portOf(wanted);
  const isOwn =
    wanted.kind === "wireguard" ? wireguard.port === port : devices.some(({ vxlan }) => vxlan?.port === port);
  return udpPorts.has(port) && !isOwn;
}

function taken(wanted: HostLinkInputs): Fault {
  return fault("port", `UDP port ${portOf(wanted)} is taken by another program; choose another port`);
}

export function warnings(wanted: HostLinkInputs, seen: HostLinkSeen): readonly string[] {
  if (foundDevice(wanted, seen) !== undefined) return [];
  if (wanted.kind === "vxlan")
    return [
      "VXLAN neither encrypts packets nor checks who sent them: everybody on the way can read and forge what containers " +
        "send each other; WireGuard does both",
    ];
  if (wanted.sources.length > 0) return [];
  return [
    `UDP port ${portOf(wanted)} is opened to everybody, because a peer's address is not known; WireGuard answers nobody ` +
      "who has no key of a peer",
  ];
}
