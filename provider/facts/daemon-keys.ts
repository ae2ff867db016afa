/**
 * Keys of daemon.json that only newer Dockers know. dockerd does not start with an unknown key. So while one of them is
 * set, a drop-in of docker.service takes it out before a Docker starts that is too old for it.
 */
import type { Command } from "../engine/command.js";
import { removeFile, removeWithFolders, writeFile } from "./files.js";
import { directory, madeBy, unitsDirectory } from "./places.js";

/** The first Docker that knows the key (release notes of Docker 28.2 and 29.0). */
const since = { "allow-direct-routing": "28.2", "bridge-accept-fwmark": "29.0" } as const;

const script = `${directory}/daemon-keys`;
const dropIn = `${unitsDirectory}/docker.service.d/dockroute.conf`;

const texts: Readonly<Record<string, string>> = {
  [script]: `#!/bin/sh
# ${madeBy}
# Takes dockroute's keys out of daemon.json that this dockerd is too old for.
file=/etc/docker/daemon.json
version=$(dockerd --version | sed 's/^[^0-9]*//; s/[^0-9.].*//')
older() { [ "$version" != "$1" ] && [ "$(printf '%s\\n%s\\n' "$version" "$1" | sort -V | head -n 1)" = "$version" ]; }
cut() {
  grep -q "\\"$1\\"" "$file" || return 0
  echo "dockroute: Docker $version does not know $1, so it is taken out of $file" >&2
  sed -z -i --follow-symlinks "s/,[[:space:]]*\\"$1\\"[[:space:]]*:[[:space:]]*[^],}[:space:]]*//; s/\\"$1\\"[[:space:]]*:[[:space:]]*[^],}[:space:]]*[[:space:]]*,//" "$file"
}
${Object.entries(since)
  .map(([key, version]) => `if older ${version}; then cut ${key}; fi`)
  .join("\n")}
exit 0
`,
  [dropIn]: `# ${madeBy}
[Service]
ExecStartPre=-/bin/sh ${script}
`,
};

/** The host's files by path, with their contents. */
type Files = ReadonlyMap<string, string>;

/** Puts the drop-in and its script in place, before the keys are set. [] if they are. */
export function keep(files: Files): readonly Command[] {
  const due = Object.entries(texts).filter(([path, text]) => files.get(path) !== text);
  if (due.length === 0) return [];
  const why = "have Docker start also after it was replaced by an older one";
  return [...due.map(([path, text]) => writeFile({ path, text, mode: "644", why })), reload];
}

/** Removes what is there of them. */
export function drop(files: Files): readonly Command[] {
  const there = Object.keys(texts).filter((path) => files.has(path));
  if (there.length === 0) return [];
  const parent = dropIn.replace(/\/[^/]*$/, "");
  return [
    ...there.filter((path) => path !== dropIn).map((path) => removeFile(path, `remove ${path}`)),
    removeWithFolders([dropIn], [parent], `remove ${dropIn}, and ${parent} where nothing else is in it`),
    reload,
  ];
}

const reload: Command = { why: "have systemd read Docker's drop-ins", argv: ["systemctl", "daemon-reload"] };
