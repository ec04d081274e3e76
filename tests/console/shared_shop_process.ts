import { fileURLToPath } from "node:url";
import { textLines } from "../../src/cli/text_lines.ts";

/** What all instances of the shop, and whoever looks at one, must know. */
export const PASSWORD = "of all instances";

export interface Order {
  readonly id: number;
  readonly status: string;
}

/** A price below zero cannot be worked on. */
export interface Item {
  readonly id: number;
  readonly order_id: number;
  readonly price: string;
}

/** What the process of the shop is told, a line of JSON each; it answers each with a {@link Reply}. */
export type Told =
  | { readonly what: "start" | "vanish" | "give up"; readonly instance: number }
  | { readonly what: "orders"; readonly orders: readonly Order[] }
  | { readonly what: "items"; readonly items: readonly Item[] }
  | { readonly what: "owner"; readonly order: number };

/** `value`: of `owner` the number of the instance that has the order. */
export type Reply = { readonly value: number | null } | { readonly error: string };

/**
 * Instances that share the tasks of a shop, in a process of their own, as the suites of the page know none of Weir's
 * packages. Begins without any that runs.
 */
export class SharedShopProcess {
  readonly urls: readonly string[];
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #replies: AsyncIterator<string>;

  private constructor(
    child: Deno.ChildProcess,
    { urls, replies }: { readonly urls: readonly string[]; readonly replies: AsyncIterator<string> },
  ) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#replies = replies;
    this.urls = urls;
  }

  static async begin(count: number): Promise<SharedShopProcess> {
    const main = fileURLToPath(new URL("shared_shop_main.ts", import.meta.url));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--no-check", "--frozen", main, String(count)],
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      ...{ stdin: "piped", stdout: "piped", stderr: "inherit" },
    }).spawn();
    const replies = linesOf(child.stdout);
    return new SharedShopProcess(child, { urls: JSON.parse((await replies.next()).value), replies });
  }

  start(instance: number): Promise<number | null> {
    return this.#tell({ what: "start", instance });
  }

  /** Nobody can reach it from now on, and its group has not noticed. */
  vanish(instance: number): Promise<number | null> {
    return this.#tell({ what: "vanish", instance });
  }

  /** The group has not heard of one that has vanished for too long; then it is gone. */
  giveUp(instance: number): Promise<number | null> {
    return this.#tell({ what: "give up", instance });
  }

  put(rows: { readonly orders: readonly Order[] } | { readonly items: readonly Item[] }): Promise<number | null> {
    return this.#tell("orders" in rows ? { what: "orders", ...rows } : { what: "items", ...rows });
  }

  /** The number of the instance that has an order; null while none has. */
  owner(order: number): Promise<number | null> {
    return this.#tell({ what: "owner", order });
  }

  async #tell(told: Told): Promise<number | null> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(told)}\n`));
    const { value, done } = await this.#replies.next();
    if (done) throw new Error("the process of the shop has ended");
    const reply = JSON.parse(value) as Reply;
    if ("error" in reply) throw new Error(reply.error);
    return reply.value;
  }

  /** Ends all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
  }
}

async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string, string> {
  for await (const lines of textLines(stream)) yield* lines;
  return "";
}
