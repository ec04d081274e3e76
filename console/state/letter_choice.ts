/** What a list of letters may be narrowed by, beside whether they still apply. */
export const CHOSEN_BY = ["topology", "reason", "operator"] as const;

type Choice = Partial<Readonly<Record<typeof CHOSEN_BY[number], string>>>;

/** What of an address says which letters, as the instance is asked for them. */
export function choiceOf(query: Readonly<Record<string, string>>): Choice {
  return Object.fromEntries(CHOSEN_BY.flatMap((name) => query[name] === undefined ? [] : [[name, query[name]]]));
}

/** What is said of a choice that has no letters: no more than that. */
export function emptyWords(query: Readonly<Record<string, string>>): { readonly title: string; readonly text: string } {
  const { state = "open" } = query;
  const what = state === "all" ? "dead letters" : `${state} dead letters`;
  return Object.keys(choiceOf(query)).length === 0
    ? { title: `No ${what}`, text: "This instance keeps none." }
    : { title: `No ${what} of this choice`, text: "There may be others: remove a filter above to see them." };
}
