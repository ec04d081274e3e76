import { useEffect, useRef } from "preact/hooks";
import { PasswordDialog } from "./parts/password_dialog.tsx";
import { Badge } from "./parts/badge.tsx";
import { Notice } from "./parts/notice.tsx";
import { ProofBadge } from "./parts/proof_badge.tsx";
import { duration, grouped } from "./parts/text.ts";
import { ExplainPage } from "./pages/explain_page.tsx";
import { InstancesPage } from "./pages/instances_page.tsx";
import { LettersPage } from "./pages/letters_page.tsx";
import { NowPage } from "./pages/now_page.tsx";
import { TablesPage } from "./pages/tables_page.tsx";
import { TopologyPage } from "./pages/topology_page.tsx";
import { live, liveProblem } from "./state/live.ts";
import { linkTo, type PageName, PAGES } from "./state/address.ts";
import { route } from "./state/route.ts";
import { type Theme, theme } from "./state/theme.ts";
import { TourButton, TourPanel } from "./tour/tour_panel.tsx";

const VIEWS = {
  topology: TopologyPage,
  now: NowPage,
  tables: TablesPage,
  letters: LettersPage,
  explain: ExplainPage,
  instances: InstancesPage,
} satisfies Record<PageName, () => unknown>;

/** The whole page. */
export function App() {
  const { page } = route.value;
  const View = VIEWS[page];
  document.title = `${PAGES[page]} · Weir`;
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>Skip to the content</a>
      <header class="top">
        <a class="brand" href={linkTo("topology")}>
          <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
            <path d="M2 5h16M2 5v5c3 0 3 3 6 3s3-3 5-3 2 2 5 2" />
            <path d="M2 15c3 0 3 2 6 2s3-2 5-2 2 1 5 1" />
          </svg>
          Weir
        </a>
        <Navigation page={page} />
        <Standing />
      </header>
      <TourPanel />
      <main id="main" tabIndex={-1} class={`page ${page}-page`}>
        <h1 class="sr">{PAGES[page]}</h1>
        <Connection />
        <View />
      </main>
      <PasswordDialog />
    </>
  );
}

function skip(event: Event): void {
  // The hash is the address of the page shown.
  event.preventDefault();
  document.querySelector<HTMLElement>("#main")?.focus();
}

function Navigation({ page }: { readonly page: PageName }) {
  const letters = live.value?.topologies.reduce((sum, { deadLetters }) => sum + deadLetters, 0) ?? 0;
  const list = useRef<HTMLElement>(null);
  // On a phone not all of them are seen at once.
  useEffect(() => {
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [page]);
  return (
    <nav ref={list} class="pages" aria-label="Pages">
      {(Object.entries(PAGES) as [PageName, string][]).map(([name, title]) => (
        <a
          key={name}
          href={linkTo(name)}
          aria-current={name === page ? "page" : undefined}
        >
          {title}
          {name === "letters" && letters > 0 && (
            <>
              {" "}
              <span class="count">
                {grouped(letters)} <span class="sr">open</span>
              </span>
            </>
          )}
        </a>
      ))}
    </nav>
  );
}

/** The proof, and whether what is shown is of now. */
function Standing() {
  const state = live.value;
  const problem = liveProblem.value;
  return (
    <div class="standing">
      <TourButton />
      {state !== null && <ProofBadge status={state.status} />}
      {problem === null && state !== null
        ? (
          <Badge tone="quiet">
            <i class="pulse" aria-hidden="true" />live, {duration(state.status.uptimeMs)}
          </Badge>
        )
        : (
          <Badge tone={problem ? "bad" : "quiet"}>
            {problem ? "not connected" : "connecting"}
          </Badge>
        )}
      <label class="theme">
        <span class="sr">Colours</span>
        <select
          value={theme.value}
          onChange={(event) => theme.value = event.currentTarget.value as Theme}
        >
          <option value="system">Auto</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
      </label>
    </div>
  );
}

/** That what is shown is not of now, and why. */
function Connection() {
  const problem = liveProblem.value;
  if (!problem || problem.kind === "password") return null;
  const old = live.value !== null ? " What is shown is as it was before." : "";
  return (
    <div class="connection">
      <Notice kind={problem.kind === "missing" ? "info" : "warn"}>
        {problem.message}
        {old}
      </Notice>
    </div>
  );
}
