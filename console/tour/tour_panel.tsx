import { allTasksRun } from "../../src/cli/start/status.ts";
import { Notice } from "../parts/notice.tsx";
import { live } from "../state/live.ts";
import { KillStep } from "./kill_step.tsx";
import { LetterStep } from "./letter_step.tsx";
import { PriceStep } from "./price_step.tsx";
import {
  beginAnew,
  goToStep,
  openTour,
  repeatStep,
  setTour,
  STEP_NAMES,
  type StepName,
  STEPS,
  tour,
} from "./tour_state.ts";
import { WhyStep } from "./why_step.tsx";

const VIEWS = {
  price: PriceStep,
  why: WhyStep,
  letter: LetterStep,
  kill: KillStep,
} satisfies Record<StepName, () => unknown>;

/** Begins the tour, or goes on with it: offered where there is a demo store that may be changed. */
export function TourButton() {
  const state = live.value;
  if (!tour.value.open && (state === null || state.status.demo === null)) return null;
  const { open, done } = tour.value;
  return (
    <button
      type="button"
      class="tour-button"
      aria-expanded={open}
      aria-controls={open ? "tour" : undefined}
      onClick={() => open ? setTour({ open: false }) : openTour(state!.status.data)}
    >
      {open ? "Leave the tour" : done.length === 0 ? "Tour: 1 minute" : "Go on with the tour"}
    </button>
  );
}

/** One step of the tour, above whatever page is shown. */
export function TourPanel() {
  const { open, folded, step, done, data } = tour.value;
  if (!open) return null;
  const state = live.value;
  // An instance on the same address with other data, or with none of a demo store.
  const other = state !== null && (state.status.demo === null || state.status.data !== data);
  const View = VIEWS[step];
  // Before, there may be no table that could follow.
  const running = state?.status.topologies.filter((one) => one.state === "failed" || allTasksRun(one)).length ?? 0;
  const waits = step !== "kill" && !done.includes(step) && state !== null && running < state.status.topologies.length;
  return (
    <section id="tour" class="tour" aria-labelledby="tour-title">
      <div class="tour-head">
        <h2 id="tour-title">Tour: {STEPS[step]}</h2>
        <Steps />
        <button type="button" class="link" aria-expanded={!folded} onClick={() => setTour({ folded: !folded })}>
          {folded ? "Unfold" : "Fold"}
        </button>
      </div>
      {!folded && (other ? <Elsewhere /> : waits ? <Starting running={running} /> : (
        <div class="tour-body">
          <View key={step} />
          {done.includes(step) && <Done />}
        </div>
      ))}
    </section>
  );
}

/** That the step is done, and where it goes on. */
function Done() {
  const { step, done } = tour.value;
  const next = STEP_NAMES[STEP_NAMES.indexOf(step) + 1];
  const finished = STEP_NAMES.every((name) => done.includes(name));
  return (
    <div class="actions">
      <span role="status">
        <b class="tour-done">Done.</b>
        {finished && " That was all four. Everything here works with topologies of your own, too."}
      </span>
      {next !== undefined && (
        <button type="button" class="primary" onClick={() => goToStep(next)}>Next: {STEPS[next]}</button>
      )}
      <button type="button" onClick={() => repeatStep(step)}>Once more</button>
      {finished && <button type="button" onClick={beginAnew}>Begin anew</button>}
    </div>
  );
}

/** All steps, each of which can be gone to. */
function Steps() {
  const { step, done } = tour.value;
  return (
    <ol class="tour-steps" aria-label="Steps of the tour">
      {STEP_NAMES.map((name, index) => (
        <li key={name}>
          <button
            type="button"
            class={done.includes(name) ? "done" : undefined}
            aria-current={name === step ? "step" : undefined}
            onClick={() => goToStep(name)}
          >
            <i aria-hidden="true">{done.includes(name) ? "✓" : index + 1}</i>
            {STEPS[name]}
            {done.includes(name) && <span class="sr">, done</span>}
          </button>
        </li>
      ))}
    </ol>
  );
}

function Starting({ running }: { readonly running: number }) {
  return (
    <p class="tour-body" role="status">
      The instance starts: {running} of {live.value!.status.topologies.length}{" "}
      topologies run. The step begins with the last of them.
    </p>
  );
}

function Elsewhere() {
  const state = live.value!;
  return (
    <div class="tour-body">
      <Notice kind="info">
        {state.status.demo === null
          ? "The instance here has no demo store, so there is nothing to change on a tour."
          : "The instance here has another demo store than the one of this tour."}{" "}
        {state.status.demo !== null && (
          <button type="button" class="link" onClick={() => openTour(state.status.data)}>Begin anew with it</button>
        )}
      </Notice>
    </div>
  );
}
