/**
 * A certificate of this process's own making, with its key, in PEM; `server`: one that a server of this name can show,
 * and who trusts it itself accepts. @throws Error if there is no openssl
 */
export async function ownCertificate(
  name: string,
  { server = false }: { readonly server?: boolean } = {},
): Promise<{ readonly certificate: string; readonly key: string }> {
  const folder = await Deno.makeTempDir({ prefix: "weir-test-" });
  try {
    const [key, certificate] = [`${folder}/key`, `${folder}/crt`];
    const { success, stderr } = await new Deno.Command("openssl", {
      args: ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        .concat(["-subj", `/CN=${name}`, "-keyout", key, "-out", certificate])
        .concat(
          server ? ["-addext", `subjectAltName=DNS:${name}`, "-addext", "basicConstraints=critical,CA:FALSE"] : [],
        ),
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return { certificate: await Deno.readTextFile(certificate), key: await Deno.readTextFile(key) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
