import { dirname, join } from "node:path/posix";
import type { ExportFact, FunctionFact, ParameterFact, SourceFacts } from "./source_facts.ts";

/** The rules of the house that a text can be checked against. */
export type Rule = "file" | "function" | "line" | "parameters" | "boolean" | "export" | "error" | "role" | "place";

/** Something that a rule does not allow. */
export interface Violation {
  readonly rule: Rule;
  /** What an exception is listed by: a file and a name in it, never a number that changes with every edit. */
  readonly name: string;
  readonly detail: string;
}

/** One concept; a reader keeps it in mind. */
const FILE_LINES_MAX = 300;
/** One screen. */
const FUNCTION_LINES_MAX = 70;
/** Two files beside each other, also of comments. */
const LINE_COLUMNS_MAX = 120;
/** Places whose order a caller must remember; an options object or a callback may follow. */
const PARAMETERS_MAX = 2;

/** Each rule as a sentence. */
export const RULES: Readonly<Record<Rule, string>> = {
  file: `a file has at most ${FILE_LINES_MAX} lines`,
  function: `a function has at most ${FUNCTION_LINES_MAX} lines`,
  line: `a line has at most ${LINE_COLUMNS_MAX} columns, also in comments`,
  parameters: `a function has at most ${PARAMETERS_MAX} parameters before an options object or a callback`,
  boolean: "no parameter is a boolean",
  export: "every export is imported by another file, or is part of one that is",
  error: "no bare Error is made outside of tests",
  role: "the role map of src/DESIGN.md names every file of src, and no other",
  place: "a module of src does not ask where it lies (import.meta.url)",
};

/** Whose exports are for people outside: nobody here needs to import them. */
const DOORS = ["src/mod.ts", "src/testing/mod.ts", "src/produce.ts"];

/**
 * All that the rules find wrong. `roleMap`: Markdown tables whose first column names every file of `src/`, from there.
 */
export function violationsOf(files: readonly SourceFacts[], roleMap: string): Violation[] {
  const callbacks = new Set(files.flatMap((file) => file.callbackTypes));
  const declared = new Set(
    files.flatMap(({ functions }) =>
      functions.filter(({ kind, body }) => kind === "declaration" && !body).map(shapeOf)
    ),
  );
  return [
    ...files.flatMap((file) => [
      ...longFile(file),
      ...longLines(file),
      ...longFunctions(file),
      ...file.functions.filter((fact) => decides(fact, declared)).flatMap((fact) => [
        ...manyParameters(file, fact, callbacks),
        ...booleanParameters(file, fact),
      ]),
      ...bareErrors(file),
      ...askedPlace(file),
    ]),
    ...deadExports(files),
    ...unnamedFiles(files, roleMap),
  ];
}

function shapeOf({ name, parameters }: FunctionFact): string {
  return `${name.slice(name.lastIndexOf(".") + 1)}/${parameters.length}`;
}

/** Where an interface asks for a method, it is the interface that is judged: those who implement it have no choice. */
function decides(fact: FunctionFact, declared: ReadonlySet<string>): boolean {
  return fact.kind === "declaration" || (fact.kind === "member" && !declared.has(shapeOf(fact)));
}

function longFile({ path, text }: SourceFacts): Violation[] {
  const lines = text.trimEnd().split("\n").length;
  if (lines <= FILE_LINES_MAX) return [];
  return [{ rule: "file", name: path, detail: `${lines} lines, at most ${FILE_LINES_MAX}` }];
}

function longLines({ path, text }: SourceFacts): Violation[] {
  return text.split("\n").flatMap((line, index) => {
    const columns = [...line].length;
    if (columns <= LINE_COLUMNS_MAX) return [];
    const detail = `line ${index + 1} has ${columns} columns, at most ${LINE_COLUMNS_MAX}`;
    return [{ rule: "line" as const, name: path, detail }];
  });
}

function longFunctions({ path, functions }: SourceFacts): Violation[] {
  return functions.filter(({ body }) => body).flatMap(({ name, first, last }) => {
    const lines = last - first + 1;
    if (lines <= FUNCTION_LINES_MAX) return [];
    const detail = `${lines} lines from line ${first}, at most ${FUNCTION_LINES_MAX}`;
    return [{ rule: "function" as const, name: `${path} ${name}`, detail }];
  });
}

function manyParameters(file: SourceFacts, fact: FunctionFact, callbacks: ReadonlySet<string>): Violation[] {
  const { name, parameters } = fact;
  const last = parameters.at(-1);
  const counted = last !== undefined && mayTrail(last, callbacks) ? parameters.length - 1 : parameters.length;
  if (counted <= PARAMETERS_MAX) return [];
  const names = parameters.map((parameter) => parameter.name).join(", ");
  const detail = `(${names}): at most ${PARAMETERS_MAX}, then an options object or a callback`;
  return [{ rule: "parameters", name: `${file.path} ${name}`, detail }];
}

function mayTrail({ trailing }: ParameterFact, callbacks: ReadonlySet<string>): boolean {
  if (trailing === null || typeof trailing === "string") return trailing !== null;
  return trailing.type.endsWith("Options") || callbacks.has(trailing.type);
}

function booleanParameters(file: SourceFacts, fact: FunctionFact): Violation[] {
  return fact.parameters.filter((parameter) => parameter.boolean).map(({ name }) => ({
    rule: "boolean",
    name: `${file.path} ${fact.name}`,
    detail: `"${name}": a caller's true or false says nothing; take an options object, or make two functions`,
  }));
}

/** In tests an `Error` is one that somebody else's code throws. */
function bareErrors({ path, bareErrors }: SourceFacts): Violation[] {
  if (path.startsWith("tests/")) return [];
  return bareErrors.map((name) => ({
    rule: "error",
    name: `${path} ${name}`,
    detail: "throw an error whose class says who must act",
  }));
}

/** Comments may speak of it. */
const PLACE = /^(?!\s*(?:\/?\*|\/\/)).*\bimport\.meta\.(?:url|dirname|filename)\b/m;

/** In a package a module is JavaScript in another folder, and from a registry it has an address and no file. */
function askedPlace({ path, text }: SourceFacts): Violation[] {
  if (!path.startsWith("src/") || !PLACE.test(text)) return [];
  const detail = "in a package it lies elsewhere, or is no file: ask src/adapters/local or src/cli/new/imports.ts";
  return [{ rule: "place", name: path, detail }];
}

function deadExports(files: readonly SourceFacts[]): Violation[] {
  const used = new Map<string, Set<string>>();
  for (const file of files) {
    for (const { specifier, name } of file.imports) {
      if (!specifier.startsWith(".")) continue;
      const target = join(dirname(file.path), specifier);
      if (!used.has(target)) used.set(target, new Set());
      used.get(target)!.add(name);
    }
  }
  return files.filter(({ path }) => !DOORS.includes(path)).flatMap((file) => {
    const taken = used.get(file.path) ?? new Set<string>();
    if (taken.has("*")) return [];
    return file.exports.filter((fact) => !taken.has(fact.name) && !isMentioned(fact, file.exports)).map(({ name }) => ({
      rule: "export" as const,
      name: `${file.path} ${name}`,
      detail: "no other file imports it",
    }));
  });
}

/** A type that another export's shape is made of: whoever uses that one may have to name it. */
function isMentioned({ name, type }: ExportFact, exports: readonly ExportFact[]): boolean {
  return type && exports.some((other) => other.name !== name && other.mentions.has(name));
}

function unnamedFiles(files: readonly SourceFacts[], roleMap: string): Violation[] {
  const paths = new Set(files.map(({ path }) => path).filter((path) => path.startsWith("src/")));
  const named = new Set([...roleMap.matchAll(/^\| `([^`]+\.ts)`/gm)].map(([, path]) => `src/${path}`));
  const unnamed = [...paths].filter((path) => !named.has(path));
  const gone = [...named].filter((path) => !paths.has(path));
  return [
    ...unnamed.map((name) => ({ rule: "role" as const, name, detail: "the role map does not name it" })),
    ...gone.map((name) => ({
      rule: "role" as const,
      name,
      detail: "the role map names it, and there is no such file",
    })),
  ];
}
