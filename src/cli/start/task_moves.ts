import { counted } from "../numbers.ts";
import type { Event } from "./output.ts";

/** Names that are told of one move. */
const NAMES_TOLD = 4;

/** What each assignment gives to an instance, and takes from it: it tells all that the instance has by then. */
export class TaskMoves {
  /** By topology. */
  readonly #tasks = new Map<string, readonly string[]>();

  /** A sentence for what has moved with this event; none if nothing has. */
  hear({ name, fields = {} }: Event): readonly string[] {
    const topology = String(fields.topology);
    if (name === "failed") this.#tasks.delete(topology);
    if (name !== "assigned") return [];
    const tasks = fields.tasks as readonly string[];
    const before = this.#tasks.get(topology) ?? [];
    this.#tasks.set(topology, tasks);
    const gained = tasks.filter((task) => !before.includes(task));
    const lost = before.filter((task) => !tasks.includes(task));
    const parts = [
      ...gained.length === 0 ? [] : [`was given ${listed(gained)}`],
      ...lost.length === 0 ? [] : [`gave up ${listed(lost)}`],
    ];
    return parts.length === 0
      ? []
      : [`${topology} ${parts.join(", and ")}: it has ${counted(tasks.length, "task")} here`];
  }
}

function listed(tasks: readonly string[]): string {
  const more = tasks.length - NAMES_TOLD;
  return `${tasks.slice(0, NAMES_TOLD).join(", ")}${more > 0 ? ` and ${counted(more, "other task")}` : ""}`;
}
