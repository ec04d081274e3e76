/** Completes "Cannot use WEIR_APPLICATION_SERVER as ...". */
export const ADDRESS_EXPECTED = "host:port, or *:port or *.domain:port for a host of this machine's name";

const ADDRESS = /^(\[[0-9a-fA-F:]+\]|[\w.-]+|\*(\.[\w-]+)*):\d{1,5}$/;

/**
 * The address at which other instances reach this one. `*` in front stands for the name of the machine, so that all
 * replicas of one service can be configured alike: the name of a container or a pod is known where it runs alone. Null
 * if the text is no address.
 */
export function readAddress(text: string): string | null {
  if (!ADDRESS.test(text)) return null;
  return text.startsWith("*") ? `${Deno.hostname()}${text.slice(1)}` : text;
}
