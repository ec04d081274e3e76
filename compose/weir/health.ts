/**
 * Ends with 0 if the instance in this container is ready, otherwise says why not. Argument: its port, if that is not
 * 8686.
 */
try {
  const response = await fetch(`http://127.0.0.1:${Deno.args[0] ?? 8686}/readyz`, {
    signal: AbortSignal.timeout(5_000),
  });
  const text = await response.text();
  if (!response.ok) console.error(text.trim());
  Deno.exit(response.ok ? 0 : 1);
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
