import { signal } from "@preact/signals";
import { keepText, type KeptPlace, keptText } from "../state/kept_text.ts";

const PLACE: KeptPlace = { name: "weir.password", where: "session" };

/** What is sent as `Authorization: Bearer`; kept until the tab is closed, and never written into an address. */
export const password = signal<string | null>(keptText(PLACE));

/** Whether an answer said that one is needed, or that the one sent is wrong. */
export const passwordAsked = signal(false);

export function givePassword(text: string): void {
  password.value = text;
  passwordAsked.value = false;
  keepText(PLACE, text);
}

export function authorization(): Record<string, string> {
  return password.value === null ? {} : { authorization: `Bearer ${password.value}` };
}
