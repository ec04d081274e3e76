import { assertEquals } from "@std/assert";
import { runMain, type Running, startMain } from "../support.ts";

/** The instance under test, and what the test asks of it. */
export interface Developed {
  readonly instance: Running;
  readonly directory: string;
  write(file: string, text: string): Promise<void>;
  /** The first event of this name behind those seen, whose message has the text. */
  told(name: string, text: string): Promise<string>;
  count(table: string): Promise<number>;
  /** Resolves when everything is applied, and equal to the source. */
  verified(): Promise<void>;
  /** What the statement gives, a line each. */
  select(sql: string): Promise<string[]>;
}

/** Runs `dev` on `topologies/` of the directory, with a small store to which `rate` orders come in a second. */
export function developed(directory: string, { rate = 0 }: { readonly rate?: number } = {}): Developed {
  const data = ["--data", `${directory}/data`];
  const args = ["dev", ...data, "--topologies", `${directory}/topologies`, "--demo-size", "small", "--rate", `${rate}`];
  const instance = startMain([...args, "--port", "0"]);
  let seen = 0;
  const select = async (sql: string) => {
    const { status, out, err } = await runMain(["query", ...data, "--rows", "100000", "--format", "csv", sql]);
    assertEquals(status, 0, err);
    return out.trim().split("\n").slice(1);
  };
  return {
    instance,
    directory,
    write: (file, text) => Deno.writeTextFile(`${directory}/${file}`, text),
    async told(name, text) {
      const found = await instance.event((event) =>
        instance.events.indexOf(event) >= seen && event.event === name && String(event.message).includes(text)
      );
      seen = instance.events.indexOf(found) + 1;
      return String(found.message);
    },
    async count(table) {
      const [rows] = await select(`SELECT count() AS c FROM ${table}`);
      return Number(rows);
    },
    async verified() {
      const { status, out, err } = await runMain(["verify", ...data, "--topologies", `${directory}/topologies`]);
      assertEquals(status, 0, out + err);
    },
    select,
  };
}
