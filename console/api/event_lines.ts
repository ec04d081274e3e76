/** An event longer than this is not kept: nobody could look at it. */
const EVENT_CHARACTERS_MAX = 64 * 1024 * 1024;

/** Reads server-sent events (the WHATWG's format, without `id` and `retry`) from pieces of text cut anywhere. */
export class EventLines {
  #rest = "";
  #name = "message";
  #data: string[] = [];

  /** Events that are complete with this piece. */
  take(text: string): { readonly name: string; readonly data: string }[] {
    const events: { name: string; data: string }[] = [];
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop()!;
    if (this.#rest.length > EVENT_CHARACTERS_MAX) this.#rest = "";
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length > 0) events.push({ name: this.#name, data: this.#data.join("\n") });
        this.#name = "message";
        this.#data = [];
      } else if (line.startsWith("data:")) this.#data.push(line.slice(line[5] === " " ? 6 : 5));
      else if (line.startsWith("event:")) this.#name = line.slice(6).trim();
    }
    return events;
  }
}
