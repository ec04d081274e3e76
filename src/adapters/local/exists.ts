/** Whether a file or directory is there. @throws whatever keeps one from knowing, such as a missing permission */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
