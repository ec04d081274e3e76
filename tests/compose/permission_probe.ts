/**
 * Run inside the image under its flags: tries what must succeed ("may ...") and what must not, and prints one line of
 * JSON with what became of each: "done", "refused", or another error.
 */
import process from "node:process";

const attempts: Record<string, () => unknown> = {
  "may read the program": () => Deno.readTextFileSync("/app/deno.json"),
  "may read its secrets": () => Deno.readTextFileSync("/run/secrets/weir_writer_password"),
  "may write its data": () => Deno.writeTextFileSync("/data/probe", "x"),
  "may read its settings": () => Deno.env.get("WEIR_HOST") ?? fail("WEIR_HOST is not visible"),
  "may listen where it is scraped": () =>
    Deno.listen({ hostname: "127.0.0.1", port: Number(Deno.env.get("WEIR_PORT")) }).close(),
  "write the program": () => Deno.writeTextFileSync("/app/src/main.ts", ""),
  "write its configuration": () => Deno.writeTextFileSync("/app/deno.json", ""),
  "write its secrets": () => Deno.writeTextFileSync("/run/secrets/weir_writer_password", ""),
  "write elsewhere": () => Deno.writeTextFileSync("/tmp/probe", ""),
  "leave its data by a link": () => {
    Deno.symlinkSync("/etc/passwd", "/data/link");
    Deno.readTextFileSync("/data/link");
  },
  "read the system's files": () => Deno.readTextFileSync("/etc/passwd"),
  "read the home of somebody": () => [...Deno.readDirSync("/root")],
  "run a program": () => new Deno.Command("/bin/sh", { args: ["-c", "true"] }).outputSync(),
  "run itself with more rights": () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync(),
  "load a native library": () => Deno.dlopen("libc.so.6", { getpid: { parameters: [], result: "i32" } }),
  "connect elsewhere": () => Deno.connect({ hostname: "127.0.0.1", port: 22 }),
  "connect to PostgreSQL": () => Deno.connect({ hostname: "postgres", port: 5432 }),
  "listen elsewhere": () => Deno.listen({ hostname: "127.0.0.1", port: 1 }).close(),
  "fetch from the outside": () => fetch("https://example.com/"),
  "load code from the outside": () => import("https://example.com/" + "x.ts"),
  "see other variables": () =>
    (Deno.env.get("AWS_SECRET_ACCESS_KEY") ?? process.env.HOME) === undefined ? refuse() : "seen",
  "read the machine's users": () => Deno.uid(),
  "read the machine's networks": () => Deno.networkInterfaces(),
  "kill another process": () => Deno.kill(1, "SIGCONT"),
};

function fail(message: string): never {
  throw new Error(message);
}

function refuse(): never {
  throw new Deno.errors.NotCapable("it is not there");
}

const results: Record<string, string> = {};
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt();
    results[name] = "done";
  } catch (error) {
    const refused = error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied ||
      /NotCapable|Requires \w+ access|--cached-only/.test(String(error));
    results[name] = refused ? "refused" : String(error);
  }
}
console.log(JSON.stringify(results));
