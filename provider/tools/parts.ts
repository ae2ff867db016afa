/**
 * Parts: what a host loads at boot and when docker.service starts. A part is a small shell script under
 * /etc/dockroute/parts, one a resource; the same text is what `pulumi up` runs, so there is no second
 * description of the host. One apply script loads all parts, two units call it.
 */
import { type Answer, type Command, quote } from "../command.js";
import { removeFile, writeFile } from "./files.js";

export const directory = "/etc/dockroute";
const partsDirectory = `${directory}/parts`;

/** One line of a part. With `unless` it is run only where that command fails; `mayFail` says it may itself. */
export interface Line {
  readonly argv: readonly string[];
  readonly stdin?: string;
  readonly unless?: readonly string[];
  readonly mayFail?: true;
}

export interface Part {
  /** The file's name: kind and subject, "route-172.30.2.0_24". */
  readonly name: string;
  /** The id of the resource that holds it: "alpha/to/beta". A successor overwrites it. */
  readonly holder: string;
  /** One sentence for who reads the file on the host. */
  readonly about: string;
  readonly lines: readonly Line[];
}

/** What is on the host of all this: contents by path, and the units that are enabled. */
export interface PartsSeen {
  readonly files: ReadonlyMap<string, string>;
  readonly enabled: ReadonlySet<string>;
}

export const questions = [
  {
    why: "read what dockroute keeps on the host",
    argv: [
      ...["find", directory, "/etc/systemd/system", "-xdev", "(", "-path", `${directory}/*`],
      ...[
        "-o",
        "-name",
        "dockroute*.service",
        ")",
        "-type",
        "f",
        "-exec",
        "head",
        "-v",
        "-c",
        "100000",
        "{}",
        "+",
      ],
    ],
  },
  {
    why: "read which of dockroute's units are enabled",
    argv: ["find", "/etc/systemd/system", "-type", "l", "-name", "dockroute*.service"],
  },
] as const satisfies readonly Command[];

export function readParts(files: Answer, links: Answer): PartsSeen {
  const sections = files.stdout.split(/^==> (\/.+) <==\n/m);
  const contents = new Map<string, string>();
  for (let at = 1; at + 1 < sections.length; at += 2) {
    const text = sections[at + 1] ?? "";
    // head puts an empty line between two files, not after the last.
    const last = at + 2 >= sections.length;
    contents.set(sections[at] ?? "", last ? text : text.replace(/\n$/, ""));
  }
  return { files: contents, enabled: new Set(links.stdout.split("\n").filter((path) => path !== "")) };
}

/** The slash of a range has no place in a file's or a chain's name. */
export function nameOf(range: string): string {
  return range.replace("/", "_");
}

export function pathOf(part: Pick<Part, "name">): string {
  return `${partsDirectory}/${part.name}`;
}

export function textOf(part: Part): string {
  const head = ["#!/bin/sh", `# dockroute ${part.holder}`, `# ${part.about}`, `# ${madeBy}`, "set -e"];
  return `${[...head, ...part.lines.map(lineText)].join("\n")}\n`;
}

function lineText({ argv, stdin, unless, mayFail }: Line): string {
  const guard = unless === undefined ? "" : `${quote(unless)} 2>/dev/null || `;
  const text = `${guard}${quote(argv)}${mayFail === true ? " 2>/dev/null || :" : ""}`;
  return stdin === undefined ? text : `${text} <<'DOCKROUTE'\n${stdin}DOCKROUTE`;
}

const madeBy =
  "Made by dockroute, loaded at boot and when docker.service starts. Changes by hand are undone.";

const apply = `#!/bin/sh
# ${madeBy}
# Loads every part; one that fails is logged and does not stop the others.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C
status=0
for part in ${partsDirectory}/*; do
  [ -e "$part" ] || continue
  sh "$part" || { echo "dockroute: \${part##*/} failed" >&2; status=1; }
done
exit $status
`;

/**
 * Two units, because containers with a restart policy start before docker.service is active: the first has
 * everything in place before dockerd starts at boot, the second after each later start of it. Neither is
 * required by docker.service: a part that fails must not keep Docker down.
 */
const units: Readonly<Record<string, string>> = {
  "dockroute-boot.service": unit({
    description: "dockroute: routes and rules, before the first container",
    order: "After=network-online.target nftables.service\nWants=network-online.target\nBefore=docker.service",
    install: "multi-user.target docker.service",
  }),
  "dockroute.service": unit({
    description: "dockroute: routes and rules, after each start of Docker",
    order: "After=docker.service network-online.target\nPartOf=docker.service",
    install: "docker.service",
  }),
};

function unit({
  description,
  order,
  install,
}: {
  description: string;
  order: string;
  install: string;
}): string {
  return `# ${madeBy}
[Unit]
Description=${description}
${order}
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh ${directory}/apply
[Install]
WantedBy=${install}
`;
}

const wanted = [
  "multi-user.target.wants/dockroute-boot.service",
  "docker.service.wants/dockroute-boot.service",
  "docker.service.wants/dockroute.service",
];

/** Runs the part's own text now: what applies in `up` is what applies at boot. */
export function load(part: Part, why: string): Command {
  return { why, argv: ["sh"], stdin: textOf(part) };
}

/** Leaves the part on the host, last, after its runtime change has been made. [] where it lies there already. */
export function keep(part: Part, seen: PartsSeen): readonly Command[] {
  return [
    ...write(pathOf(part), textOf(part), seen, `keep it over reboots in ${pathOf(part)}`),
    ...base(seen),
  ];
}

/** Whether the part lies on the host as it should, and what loads it does too. In words what does not. */
export function missing(part: Part, seen: PartsSeen): readonly string[] {
  const text = seen.files.get(pathOf(part));
  const own =
    text === undefined
      ? [`${pathOf(part)}: absent`]
      : text === textOf(part)
        ? []
        : [`${pathOf(part)}: changed`];
  return base(seen).length === 0 ? own : [...own, "the units that load it at boot: absent or changed"];
}

/** Whether this resource still holds its part: a successor would have put its own name there. */
export function holds(part: Pick<Part, "name" | "holder">, seen: PartsSeen): boolean {
  return seen.files.get(pathOf(part))?.split("\n")[1] === `# dockroute ${part.holder}`;
}

/** Removes the part, and with the last one everything that loads parts. */
export function drop(part: Pick<Part, "name" | "holder">, seen: PartsSeen): readonly Command[] {
  if (!holds(part, seen)) return [];
  const others = [...seen.files.keys()].filter(
    (path) => path.startsWith(`${partsDirectory}/`) && path !== pathOf(part),
  );
  const own = removeFile(pathOf(part), `remove ${pathOf(part)}`);
  return others.length > 0 ? [own] : [own, ...removeBase];
}

function base(seen: PartsSeen): readonly Command[] {
  const files = [
    ...write(`${directory}/apply`, apply, seen, "put the script in place that loads the parts"),
    ...Object.entries(units).flatMap(([name, text]) =>
      write(`/etc/systemd/system/${name}`, text, seen, `put ${name} in place`),
    ),
  ];
  const enabled = wanted.every((link) => seen.enabled.has(`/etc/systemd/system/${link}`));
  if (files.length === 0 && enabled) return [];
  const names = Object.keys(units);
  return [
    ...files,
    { why: "have systemd read dockroute's units", argv: ["systemctl", "daemon-reload"] },
    { why: "enable dockroute's units", argv: ["systemctl", "enable", "--quiet", ...names] },
    { why: "start dockroute's units", argv: ["systemctl", "start", ...names] },
  ];
}

/** Where it is empty: the bridge keeps what it found there until its own destroy. */
export const removeDirectory: Command = {
  why: `remove ${directory}`,
  argv: ["rmdir", "--ignore-fail-on-non-empty", directory],
};

const removeBase: readonly Command[] = [
  { why: "stop dockroute's units", argv: ["systemctl", "stop", ...Object.keys(units)] },
  { why: "disable dockroute's units", argv: ["systemctl", "disable", "--quiet", ...Object.keys(units)] },
  ...Object.keys(units).map((name) => removeFile(`/etc/systemd/system/${name}`, `remove ${name}`)),
  { why: "have systemd forget dockroute's units", argv: ["systemctl", "daemon-reload"] },
  removeFile(`${directory}/apply`, "remove the script that loads the parts"),
  { why: `remove ${partsDirectory}`, argv: ["rmdir", partsDirectory] },
  removeDirectory,
];

function write(path: string, text: string, seen: PartsSeen, why: string): readonly Command[] {
  return seen.files.get(path) === text ? [] : writeFile({ path, text, mode: "644", why });
}
