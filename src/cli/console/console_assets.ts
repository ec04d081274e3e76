import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import style from "./assets/console.css" with { type: "text" };
import script from "./assets/console.js" with { type: "text" };

/** A file that the page is made of. */
export interface Asset {
  readonly text: string;
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

/** The page, and its files by path. */
export interface ConsoleAssets {
  readonly page: string;
  readonly files: ReadonlyMap<string, Asset>;
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20" fill="none" stroke="#0f8a96"
stroke-width="1.8" stroke-linecap="round"><path d="M2 5h16M2 5v5c3 0 3 3 6 3s3-3 5-3 2 2 5 2"/>
<path d="M2 15c3 0 3 2 6 2s3-2 5-2 2 1 5 1"/></svg>
`;

let made: ConsoleAssets | undefined;

/** Made at the first call: a process whose console nobody opens compresses nothing. */
export function consoleAssets(): ConsoleAssets {
  return made ??= makeAssets();
}

function makeAssets(): ConsoleAssets {
  const files = new Map<string, Asset>();
  const add = (text: string, { kind, type }: { readonly kind: string; readonly type: string }) => {
    const path = `/assets/${createHash("sha256").update(text).digest("hex").slice(0, 16)}.${kind}`;
    files.set(path, { text, gzip: new Uint8Array(gzipSync(text, { level: 9 })), type });
    return path;
  };
  const paths = {
    script: add(script, { kind: "js", type: "text/javascript; charset=utf-8" }),
    style: add(style, { kind: "css", type: "text/css; charset=utf-8" }),
    icon: add(ICON, { kind: "svg", type: "image/svg+xml" }),
  };
  return { page: pageOf(paths), files };
}

function pageOf({ script, style, icon }: Readonly<Record<"script" | "style" | "icon", string>>): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Weir</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="${style}">
<script type="module" src="${script}"></script>
</head>
<body>
<div id="console"><noscript>
The console needs JavaScript. Without it: deno task describe, query, verify, dlq.
</noscript></div>
</body>
</html>
`;
}
