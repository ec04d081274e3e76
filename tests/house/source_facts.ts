/** A place in a text, the lines counted from 1. */
export interface Lines {
  readonly first: number;
  readonly last: number;
}

/** A function, method, or function type: everything that somebody calls with arguments in an order. */
export interface FunctionFact extends Lines {
  /** `Class.method`, or the name of what holds it. */
  readonly name: string;
  /**
   * A declaration is where its parameters are decided. A member may only do what an interface asks of it. A callback,
   * written where it is passed, has no choice.
   */
  readonly kind: "declaration" | "member" | "callback";
  readonly parameters: readonly ParameterFact[];
  readonly body: boolean;
}

/** What a caller sees of a parameter. */
export interface ParameterFact {
  readonly name: string;
  readonly boolean: boolean;
  /** An object literal type, a function type, or the name of a type that may stand for one; null for anything else. */
  readonly trailing: "options" | "callback" | { readonly type: string } | null;
}

/** A name that a file hands out. */
export interface ExportFact {
  readonly name: string;
  readonly type: boolean;
  /** Names that the declaration mentions. */
  readonly mentions: ReadonlySet<string>;
}

/** A name (`*`: all) taken from another file; `specifier` as written. */
export interface ImportFact {
  readonly specifier: string;
  readonly name: string;
}

/** What the rules of the house need to know of one file. */
export interface SourceFacts {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
  readonly functions: readonly FunctionFact[];
  readonly exports: readonly ExportFact[];
  readonly imports: readonly ImportFact[];
  /** Names of type aliases that are function types. */
  readonly callbackTypes: readonly string[];
  /** Function in which each bare `Error` is made. */
  readonly bareErrors: readonly string[];
}

// Nodes of many kinds are looked at in the same way, so only what is read of them is named.
// deno-lint-ignore no-explicit-any
type Node = any;

const FUNCTIONS = [
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "TSDeclareFunction",
  "TSEmptyBodyFunctionExpression",
  "TSMethodSignature",
  "TSFunctionType",
];

/**
 * Reads a file with the parser of `deno lint`, which needs no package; it is there in tests only. @throws SyntaxError
 */
export function readFacts(path: string, text: string): SourceFacts {
  const functions: FunctionFact[] = [];
  const exports: ExportFact[] = [];
  const imports: ImportFact[] = [];
  const callbackTypes: string[] = [];
  const bareErrors: string[] = [];
  const lineOf = lineCounter(text);
  const onFunction = (node: Node) =>
    functions.push({
      name: nameOf(node),
      kind: kindOf(node),
      parameters: node.params.filter((parameter: Node) => parameter.name !== "this").map(parameterOf),
      body: node.body !== undefined && node.body !== null,
      first: lineOf(node.range[0]),
      last: lineOf(node.range[1]),
    });
  const onError = (node: Node) => {
    if (node.callee.type === "Identifier" && node.callee.name === "Error") {
      bareErrors.push(nameOf(functionAround(node)));
    }
  };
  const visitor: Record<string, (node: Node) => void> = {
    ...Object.fromEntries(FUNCTIONS.map((type) => [type, onFunction])),
    NewExpression: onError,
    CallExpression: onError,
    TSTypeAliasDeclaration(node) {
      if (node.typeAnnotation.type === "TSFunctionType") callbackTypes.push(node.id.name);
    },
    ExportNamedDeclaration(node) {
      exports.push(...exportsOf(node));
      if (node.source) { for (const { local } of node.specifiers) imports.push(imported(node.source, local.name)); }
    },
    ExportAllDeclaration: (node) => imports.push(imported(node.source, "*")),
    ImportDeclaration(node) {
      for (const specifier of node.specifiers) {
        const { type } = specifier;
        const all = type === "ImportNamespaceSpecifier";
        const name = all ? "*" : type === "ImportDefaultSpecifier" ? "default" : specifier.imported.name;
        imports.push(imported(node.source, name));
      }
    },
    ImportExpression(node) {
      if (typeof node.source.value === "string") imports.push(imported(node.source, "*"));
    },
    TSImportType: (node) => imports.push(imported(node.argument.literal ?? node.argument, "*")),
  };
  const plugin = { name: "house", rules: { facts: { create: () => visitor } } };
  Deno.lint.runPlugin(plugin as Deno.lint.Plugin, path.endsWith(".tsx") ? "file.tsx" : "file.ts", text);
  return { path, text, functions, exports, imports, callbackTypes, bareErrors };
}

function lineCounter(text: string): (at: number) => number {
  const ends: number[] = [];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) ends.push(at);
  return (at) => {
    const line = ends.findIndex((end) => end >= at);
    return (line < 0 ? ends.length : line) + 1;
  };
}

function imported(source: Node, name: string): ImportFact {
  return { specifier: source.value, name };
}

function exportsOf(node: Node): ExportFact[] {
  const { declaration } = node;
  if (declaration === null || declaration === undefined) {
    return node.specifiers.map((specifier: Node) => {
      const type = node.exportKind === "type" || specifier.exportKind === "type";
      return { name: specifier.exported.name, type, mentions: new Set<string>() };
    });
  }
  const type = declaration.type === "TSInterfaceDeclaration" || declaration.type === "TSTypeAliasDeclaration";
  const ids = declaration.type === "VariableDeclaration"
    ? declaration.declarations.map(({ id }: Node) => id)
    : [declaration.id];
  const mentions = new Set<string>();
  collectNames(declaration, mentions);
  return ids.flatMap((id: Node) => namesBound(id)).map((name: string) => ({ name, type, mentions }));
}

function namesBound(pattern: Node): string[] {
  if (pattern.type === "Identifier") return [pattern.name];
  if (pattern.type === "ArrayPattern") return pattern.elements.filter(Boolean).flatMap(namesBound);
  return pattern.properties.flatMap(({ value }: Node) => namesBound(value));
}

/** Names of what a declaration shows of itself: not what is inside functions. */
function collectNames(node: Node, names: Set<string>): void {
  if (Array.isArray(node)) return node.forEach((item) => collectNames(item, names));
  if (node === null || typeof node !== "object" || typeof node.type !== "string") return;
  if (node.type === "BlockStatement") return;
  if (node.type === "Identifier") names.add(node.name);
  for (const key of keysOf(node)) if (key !== "parent") collectNames(node[key], names);
}

/** The parser's nodes have their properties as getters of their class. */
function keysOf(node: Node): string[] {
  const keys = new Set(Object.keys(node));
  const prototype = Object.getPrototypeOf(node);
  if (prototype !== null) { for (const key of Object.getOwnPropertyNames(prototype)) keys.add(key); }
  return [...keys];
}

function parameterOf(node: Node): ParameterFact {
  const plain = node.type === "TSParameterProperty" ? node.parameter : node;
  const pattern = plain.type === "AssignmentPattern" ? plain.left : plain;
  const preset = plain.type === "AssignmentPattern" ? plain.right : null;
  const type = (pattern.typeAnnotation ?? plain.typeAnnotation)?.typeAnnotation ?? null;
  return {
    name: pattern.name ?? pattern.argument?.name ?? "{}",
    boolean: isBoolean(type) || (type === null && typeof preset?.value === "boolean"),
    trailing: pattern.type === "ObjectPattern" ? "options" : trailingOf(type),
  };
}

function isBoolean(type: Node): boolean {
  if (type === null) return false;
  if (type.type === "TSUnionType") {
    const { types } = type;
    const empty = ["TSUndefinedKeyword", "TSNullKeyword"];
    return types.some(isBoolean) && types.every((part: Node) => isBoolean(part) || empty.includes(part.type));
  }
  return type.type === "TSBooleanKeyword" || (type.type === "TSLiteralType" && typeof type.literal.value === "boolean");
}

const WRAPPERS = ["Readonly", "Partial", "Required", "Omit", "Pick", "NoInfer"];

function trailingOf(type: Node): ParameterFact["trailing"] {
  switch (type?.type) {
    case "TSTypeLiteral":
      return "options";
    case "TSFunctionType":
      return "callback";
    case "TSUnionType":
      return type.types.map(trailingOf).find((part: unknown) => part !== null) ?? null;
    case "TSTypeReference": {
      const name = type.typeName.name ?? type.typeName.right?.name;
      const inner = (type.typeArguments ?? type.typeParameters)?.params?.[0];
      return WRAPPERS.includes(name) && inner !== undefined ? trailingOf(inner) : { type: name };
    }
    default:
      return null;
  }
}

const MEMBERS = /^(PropertyDefinition|MethodDefinition|TSAbstractMethodDefinition|Property)$/;

function kindOf(node: Node): FunctionFact["kind"] {
  if (node.type === "TSFunctionType") {
    const holder = node.parent.type === "TSTypeAnnotation" ? node.parent.parent.type : node.parent.type;
    return holder === "TSPropertySignature" || holder === "TSTypeAliasDeclaration" ? "declaration" : "callback";
  }
  if (MEMBERS.test(node.parent.type)) return isConstructor(node) ? "declaration" : "member";
  const declared = /^(FunctionDeclaration|TSDeclareFunction|TSMethodSignature)$/.test(node.type);
  return declared || node.parent.type === "VariableDeclarator" ? "declaration" : "callback";
}

function isConstructor({ parent }: Node): boolean {
  return parent.type === "MethodDefinition" && parent.kind === "constructor";
}

function functionAround(node: Node): Node {
  let at = node.parent;
  while (at && !FUNCTIONS.includes(at.type)) at = at.parent;
  return at ?? null;
}

function nameOf(node: Node): string {
  if (node === null) return "(file)";
  const { parent } = node;
  const holder = holderOf(node);
  const own = node.id?.name ?? keyName(node.key) ?? keyName(parent.key) ?? keyName(parent.parent.key) ??
    parent.id?.name;
  if (own !== undefined) return holder === null ? own : `${holder}.${own}`;
  if (parent.type === "CallExpression" || parent.type === "NewExpression") return `callback of ${calleeName(parent)}`;
  const around = functionAround(node);
  return around === null ? "(function)" : `(function) in ${nameOf(around)}`;
}

function keyName(key: Node): string | undefined {
  if (key === undefined || key === null) return undefined;
  return key.type === "PrivateIdentifier" ? `#${key.name}` : key.name ?? String(key.value);
}

/** The class or interface whose member this is. */
function holderOf(node: Node): string | null {
  for (let at = node.parent; at !== null && at !== undefined; at = at.parent) {
    if (at.type === "TSInterfaceDeclaration" || at.type === "ClassDeclaration") return at.id.name;
    if (at.type === "BlockStatement" || at.type === "ObjectExpression") return null;
  }
  return null;
}

function calleeName({ callee, arguments: [first] }: Node): string {
  const name = callee.name ?? (callee.property === undefined ? "(call)" : keyName(callee.property));
  return typeof first?.value === "string" ? `${name} "${first.value.slice(0, 40)}"` : name;
}
