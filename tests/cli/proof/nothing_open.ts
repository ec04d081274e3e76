/** What the proof of a sink tells where nothing is left to be judged, and nothing holds it up. */
export const NOTHING_OPEN = { unjudged: 0, doubtful: 0, excused: 0, taken: [], waits: null, paused: null } as const;
