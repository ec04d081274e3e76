/**
 * `start`, as the command does it, with its event loop watched: the arguments are those of `start`. Its longest stop is
 * printed as a line of JSON at the end.
 */
import "../../../src/cli/start/start.ts";
import { main } from "../../../src/cli/main.ts";
import { watchHolds } from "../hold_watch.ts";

/** Stops that are shorter are no matter; a look costs 20 microseconds. */
const LOOK_EVERY_MS = 10;

const watch = watchHolds("all", LOOK_EVERY_MS);
const status = await main(["start", ...Deno.args]);
const [longest] = watch.stop();
console.log(JSON.stringify({ event: "watched", ...longest }));
Deno.exit(status);
