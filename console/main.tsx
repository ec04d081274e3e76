import { render } from "preact";
import { App } from "./app.tsx";
import { follow } from "./state/live.ts";
import { applyTheme } from "./state/theme.ts";

applyTheme();
follow(new AbortController().signal);
render(<App />, document.getElementById("console")!);
