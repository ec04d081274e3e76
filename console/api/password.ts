import { signal } from "@preact/signals";

const PLACE = "weir.password";

/** What is sent as `Authorization: Bearer`; kept until the tab is closed, and never written into an address. */
export const password = signal<string | null>(kept());

/** Whether an answer said that one is needed, or that the one sent is wrong. */
export const passwordAsked = signal(false);

export function givePassword(text: string): void {
  password.value = text;
  passwordAsked.value = false;
  try {
    sessionStorage.setItem(PLACE, text);
  } catch {
    // A browser that keeps nothing: it is asked for again after a reload.
  }
}

export function authorization(): Record<string, string> {
  return password.value === null ? {} : { authorization: `Bearer ${password.value}` };
}

function kept(): string | null {
  try {
    return sessionStorage.getItem(PLACE);
  } catch {
    return null;
  }
}
