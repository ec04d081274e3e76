import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import type { Configuration } from "../config/configuration.ts";
import { type Finding, Findings, reasonOf, shell } from "./finding.ts";
import type { ServerTime } from "./server_report.ts";

const GIB = 1_073_741_824;
const SKEW_WARN_MS = 2_000;
const SKEW_WRONG_MS = 60_000;

/** This machine: its directory, its memory. Makes nothing. */
export function checkWeir(configuration: Configuration): readonly Finding[] {
  const findings = new Findings("weir");
  checkDirectory(findings, configuration.dataDirectory);
  const total = totalmem();
  if (total < GIB) {
    findings.warn(["memory", "memory"], {
      text: `this machine has ${gib(total)}: tables are kept in memory, give it more`,
    });
  } else findings.ok(["memory", "memory"], `${gib(freemem())} of ${gib(total)} free`);
  return findings.found;
}

function checkDirectory(findings: Findings, directory: string): void {
  // Of a directory that a start makes, whoever holds it.
  let there = resolve(directory);
  const wrong = (text: string) => {
    const data = directory.replaceAll("'", "'\\''");
    const repair = shell(`mkdir -p '${data}' && chown "$(id -u)" '${data}' && chmod u+rwx '${data}'`);
    findings.wrong(["data_directory", directory], {
      text: `${text}. Repair it, or set WEIR_DATA to another one`,
      repair,
    });
  };
  try {
    while (!exists(there) && there !== dirname(there)) there = dirname(there);
    if (!statSync(there).isDirectory()) return wrong(`"${there}" is a file`);
    accessSync(there, constants.R_OK | constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(there);
    const free = bavail * bsize;
    if (free < GIB) {
      findings.warn(["disk", directory], {
        text: `${gib(free)} are free: snapshots and dead letters need more. Make room`,
      });
    } else findings.ok(["disk", directory], `${gib(free)} free`);
    findings.ok(["data_directory", directory], there === resolve(directory) ? "" : "a start makes it");
  } catch (error) {
    wrong(`it cannot be written: ${reasonOf(error)}`);
  }
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT" || (error as { code?: string }).code === "ENOTDIR") return false;
    throw error;
  }
}

/** The clocks of servers against this machine's. Within the time that the answer took, nothing is known. */
export function checkClocks(times: readonly ServerTime[]): readonly Finding[] {
  const findings = new Findings("clocks");
  for (const { server, timeMs, askedMs, answeredMs } of times) {
    const skewMs = timeMs < askedMs ? timeMs - askedMs : timeMs > answeredMs ? timeMs - answeredMs : 0;
    const seconds = `${(skewMs / 1000).toFixed(1)} s ${skewMs < 0 ? "behind" : "ahead of"} this machine`.replace(
      "-",
      "",
    );
    const said = {
      text: `its clock is ${seconds}: times of windows and of expiry differ by as much`,
      repair: shell("timedatectl set-ntp true"),
    };
    if (Math.abs(skewMs) > SKEW_WRONG_MS) findings.wrong(["skew", server], said);
    else if (Math.abs(skewMs) > SKEW_WARN_MS) findings.warn(["skew", server], said);
    else {findings.ok(
        ["skew", server],
        `within ${Math.max(1, Math.ceil((answeredMs - askedMs + Math.abs(skewMs)) / 1000))} s`,
      );}
  }
  findings.notChecked(["skew", "Kafka"], "it does not tell its time: records.clock looks at its newest records");
  return findings.found;
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
