/** Where Debian puts Chromium; `CHROMIUM` names another one. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The browser of this machine that tests can drive; null if there is none. */
export function chromiumPath(): string | null {
  const given = Deno.env.get("CHROMIUM");
  return [...(given === undefined ? [] : [given]), ...PLACES].find(isFile) ?? null;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
