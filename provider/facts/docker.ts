/** The docker CLI and docker.service: the settings that the daemon runs with, and its restart. */
import { z } from "zod";
import { type Answer, type Command, readOnce } from "../engine/command.js";
import { fact } from "../engine/fact.js";
import { parseJson } from "./json-answer.js";

export const questions = [
  {
    why: "ask Docker what it runs with",
    argv: ["docker", "info", "--format", "{{json .}}"],
    quick: ["docker", "/info"],
    lasting: true,
  },
] as const satisfies readonly Command[];

/** The ports that running containers publish, one line of JSON each. Every look asks it, so it runs Docker's program once. */
const publishedQuestion: Command = {
  why: "ask Docker which ports are published",
  argv: ["docker", "ps", "--format", '{"name":{{json .Names}},"ports":{{json .Ports}}}'],
  quick: ["docker", "/containers/json"],
  lasting: true,
};

/**
 * "no dockerd" stands for: neither the unit's program nor one of that name in PATH can be run. Debian's /etc/init.d/docker
 * stays after its package was removed, and systemd makes a unit of it.
 */
const serviceQuestion: Command = {
  why: "ask whether Docker is installed",
  argv: [
    ...["sh", "-c"],
    "systemctl show -p LoadState docker.service; for each in $(systemctl show -p ExecStart docker.service | " +
      'sed -n "/init.d/d; s/.*path=\\([^ ;]*\\).*/\\1/p") "$(command -v dockerd)"; do [ ! -x "$each" ] || exit 0; done; echo "no dockerd"',
  ],
  quick: ["docker-installed"],
  lasting: true,
};

/** The settings that the daemon runs with. */
export const daemon = fact(questions, (answer) => readDaemon(answer));
/** The ports that running containers publish. */
export const published = fact([publishedQuestion], (answer) => readPublished(answer));
/** True if Docker was removed from the host. Anything but a clear answer counts as no. */
export const isRemoved = fact([serviceQuestion], readRemoved);

const publisher = z.object({ name: z.string(), ports: z.string() });
/** The same as Docker's API gives it to batch.pl: all containers in one line. */
const publishers = z.array(
  z.object({
    Names: z.array(z.string()),
    Ports: z.array(
      z.object({ IP: z.string().optional(), PublicPort: z.number().optional(), Type: z.string() }),
    ),
  }),
);

const info = z.object({
  ServerVersion: z.string().optional(),
  ContainersRunning: z.number().optional(),
  LiveRestoreEnabled: z.boolean().optional(),
  DefaultAddressPools: z.array(z.object({ Base: z.string(), Size: z.number() })).nullish(),
  DockerRootDir: z.string().optional(),
  // Only Podman, under Docker's name, prints this one.
  store: z.unknown().optional(),
  SecurityOptions: z.array(z.string()).nullish(),
  FirewallBackend: z.object({ Driver: z.string().optional() }).nullish(),
});

export interface Daemon {
  /** "28.5.2"; undefined if no daemon answered. */
  readonly version?: string;
  readonly running: number;
  readonly liveRestore: boolean;
  readonly rootless: boolean;
  /** Set if it is another daemon than the one that docker.service starts. */
  readonly other?: "snap" | "podman";
  /** "iptables", "iptables+firewalld", "nftables"; undefined before Docker 28. */
  readonly firewall?: string;
  /** The pools it was started with; [] if it uses its own default ones, or hides them. */
  readonly pools: readonly { readonly base: string; readonly size: number }[];
  /** Docker 28 and 29 print no pools after a reload, though they go on using them. */
  readonly hidesPools?: true;
}

/** The text that Docker 28 and 29 print for each pool after any reload, though they go on using them. */
const unsaid = /"Base":"(invalid Prefix)?"/;

/** A port of the host by which a container can be reached. */
export interface Published {
  /** The container's name. */
  readonly name: string;
  readonly port: number;
  /** "tcp", "udp", "sctp" */
  readonly protocol: string;
}

export const readDaemon = readOnce((answer: Answer): Daemon => {
  const parsed = info.safeParse(parseJson(answer.stdout));
  const said = parsed.success ? parsed.data : {};
  const hidesPools = unsaid.test(answer.stdout);
  return {
    ...(said.ServerVersion === undefined || said.ServerVersion === "" ? {} : { version: said.ServerVersion }),
    running: said.ContainersRunning ?? 0,
    liveRestore: said.LiveRestoreEnabled ?? false,
    ...(said.DockerRootDir?.startsWith("/var/snap/") ? { other: "snap" as const } : {}),
    ...(said.store !== undefined && said.ServerVersion === undefined ? { other: "podman" as const } : {}),
    rootless: (said.SecurityOptions ?? []).some((option) => option.includes("rootless")),
    ...(said.FirewallBackend?.Driver === undefined ? {} : { firewall: said.FirewallBackend.Driver }),
    ...(hidesPools ? { hidesPools } : {}),
    pools: (hidesPools ? [] : (said.DefaultAddressPools ?? [])).map(({ Base, Size }) => ({
      base: Base,
      size: Size,
    })),
  };
});

/** Of "0.0.0.0:8080->80/tcp, 0.0.0.0:9000-9002->9000-9002/udp, [::]:8080->80/tcp, 81/tcp" those of IPv4. */
const readPublished = readOnce((answer: Answer): readonly Published[] => {
  const { data: all } = publishers.safeParse(parseJson(answer.stdout));
  if (all !== undefined) return all.flatMap(publishedBy);
  return answer.stdout.split("\n").flatMap((line) => {
    const { data } = publisher.safeParse(parseJson(line));
    const { name, ports } = data ?? { name: "", ports: "" };
    return ports.split(", ").flatMap((text) => {
      const [, first, last = first, protocol = ""] =
        /^\d+\.\d+\.\d+\.\d+:(\d+)(?:-(\d+))?->\S+\/(\w+)$/.exec(text) ?? [];
      if (first === undefined) return [];
      const count = Number(last) - Number(first) + 1;
      return Array.from({ length: count }, (_, at) => ({ name, port: Number(first) + at, protocol }));
    });
  });
});

function publishedBy({
  Names: [name = ""],
  Ports,
}: z.infer<typeof publishers>[number]): readonly Published[] {
  return Ports.filter(({ IP }) => IP !== undefined && !IP.includes(":")).flatMap(({ PublicPort, Type }) =>
    PublicPort === undefined ? [] : [{ name: name.replace(/^\//, ""), port: PublicPort, protocol: Type }],
  );
}

/** "not-found" is systemd's word where no unit file exists. */
function readRemoved({ stdout }: Answer): boolean {
  const lines = stdout.split("\n");
  if (lines.includes("LoadState=not-found")) return true;
  return lines.some((line) => line.startsWith("LoadState=")) && lines.includes("no dockerd");
}

/**
 * systemd refuses to start docker.service more than 3 times in 60 s, also after starts that went well. So its count is
 * reset first (StartLimitBurst and StartLimitIntervalSec of moby's docker.service).
 */
export function restart(why: string): readonly Command[] {
  return [
    { why, argv: ["systemctl", "reset-failed", "docker.service"], risk: "docker" },
    { why, argv: ["systemctl", "restart", "docker.service"], risk: "docker", onFailure: lastWords },
  ];
}

/** The last lines in the log of dockerd and its helpers, without the harmless ones. */
const lastWords = [
  ...["sh", "-c"],
  'echo "The last lines of the journal of $1:"; journalctl -q -b -u "$1" -n 60 -o cat --since=-10min | ' +
    'grep -Ev "level=(info|debug)|^(Starting|Stopping|Stopped) |Scheduled restart|Start request repeated|Consumed " | ' +
    "uniq | tail -n 5 | cut -c 1-400",
  ...["sh", "docker.service"],
];

/** Has the running dockerd read live-restore, without a restart. Does nothing if none runs. */
export function loadLiveRestore(on: boolean, why: string): Command {
  const script =
    "systemctl -q is-active docker.service || exit 0; systemctl reload docker.service || exit; n=0; " +
    'until [ "$(docker info -f "{{.LiveRestoreEnabled}}")" = "$1" ]; do n=$((n + 1)); [ $n -lt 50 ] || exit 1; sleep 0.2; done';
  return { why, argv: ["sh", "-c", script, "sh", String(on)], risk: "docker" };
}
