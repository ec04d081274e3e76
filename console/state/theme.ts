import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const PLACE = "weir.theme";

/** How the page looks: as the system, or as somebody chose. */
export const theme = signal<Theme>(kept());

/** Shows the theme from now on, and keeps it. */
export function applyTheme(): void {
  effect(() => {
    const chosen = theme.value;
    if (chosen === "system") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset.theme = chosen;
    try {
      if (chosen === "system") localStorage.removeItem(PLACE);
      else localStorage.setItem(PLACE, chosen);
    } catch {
      // A browser that keeps nothing: the choice lasts until the page is closed.
    }
  });
}

function kept(): Theme {
  try {
    const text = localStorage.getItem(PLACE);
    return text === "light" || text === "dark" ? text : "system";
  } catch {
    return "system";
  }
}
