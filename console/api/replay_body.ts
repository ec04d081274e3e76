/** What is to be changed of a letter, as it is typed; `set`: a JSON object of columns. */
export interface TypedEdit {
  readonly key?: string;
  readonly value?: string;
  readonly set?: string;
}

/** The JSON that asks for the replay of one letter. What is typed stays digit by digit: no number is made of it. */
export function replayBody(id: string, edit: TypedEdit): string {
  const fields = Object.entries(edit).map(([name, typed]) =>
    `${JSON.stringify(name)}:${name === "set" ? typed : JSON.stringify(typed)}`
  );
  const named = JSON.stringify(id);
  return fields.length === 0 ? `{"ids":[${named}]}` : `{"ids":[${named}],"edit":{"id":${named},${fields.join(",")}}}`;
}
