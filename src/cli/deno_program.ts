/** The program that runs this, if this process may run it; null: it may not. */
export function denoProgram(): string | null {
  try {
    const program = Deno.execPath();
    return Deno.permissions.querySync({ name: "run", command: program }).state === "granted" ? program : null;
  } catch {
    // It may not even know where deno is.
    return null;
  }
}
