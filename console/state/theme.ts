import { effect, signal } from "@preact/signals";
import { keepText, type KeptPlace, keptText } from "./kept_text.ts";

export type Theme = "system" | "light" | "dark";

const PLACE: KeptPlace = { name: "weir.theme", where: "local" };

/** How the page looks: as the system, or as somebody chose. */
export const theme = signal<Theme>(kept());

/** Shows the theme from now on, and keeps it. */
export function applyTheme(): void {
  effect(() => {
    const chosen = theme.value;
    if (chosen === "system") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset.theme = chosen;
    keepText(PLACE, chosen === "system" ? null : chosen);
  });
}

function kept(): Theme {
  const text = keptText(PLACE);
  return text === "light" || text === "dark" ? text : "system";
}
