// deno-lint-ignore-file no-explicit-any -- methods of any class are replaced by methods of the same shape
type Class = { prototype: any };
type Method = (this: any, ...args: any[]) => unknown;

/** Replaces a method or getter of a class; returns the undoing. */
function replace(target: Class, name: string, make: (original: any) => PropertyDescriptor): () => void {
  const original = Object.getOwnPropertyDescriptor(target.prototype, name)!;
  Object.defineProperty(target.prototype, name, { configurable: true, ...make(original.value ?? original.get) });
  return () => Object.defineProperty(target.prototype, name, original);
}

/** A change: a method of the class does something else. Returns what applies it; that returns the undoing. */
export function method(target: Class, name: string, make: (original: any) => Method): () => () => void {
  return () => replace(target, name, (original) => ({ value: make(original), writable: true }));
}

/** A change: a getter of the class says something else. */
export function getter(target: Class, name: string, get: (this: any) => unknown): () => () => void {
  return () => replace(target, name, () => ({ get }));
}

/** Several changes as one. */
export function both(...applies: (() => () => void)[]): () => () => void {
  return () => {
    const undo = applies.map((apply) => apply());
    return () => undo.forEach((action) => action());
  };
}
