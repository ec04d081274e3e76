import { signal } from "@preact/signals";
import { type Route, routeOf } from "./address.ts";

/** Where the page is. */
export const route = signal<Route>(routeOf(globalThis.location?.hash ?? ""));

globalThis.addEventListener?.("hashchange", () => route.value = routeOf(location.hash));

/** Goes there; `replace` leaves the place before out of the history. */
export function goTo(link: string, how: "push" | "replace" = "push"): void {
  if (how === "push") location.hash = link;
  else {
    history.replaceState(null, "", link);
    route.value = routeOf(link);
  }
}
