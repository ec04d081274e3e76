import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Secret } from "./secret.ts";

/** Whether the key is that of the (first) certificate; both in PEM. */
export function isPair(certificate: string, key: Secret): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key.reveal()));
  } catch {
    return false;
  }
}
