/**
 * The address of a module beside another one, for a process that runs it: in a package both are JavaScript.
 * `module`: `import.meta.url` of the other. `name`: without its ending.
 */
export function siblingModule(module: string, name: string): string {
  return new URL(name + module.slice(module.lastIndexOf(".")), module).href;
}
