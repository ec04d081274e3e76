import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { buildImage, type BuiltImage, imageMissing } from "../compose/built_image.ts";
import { projectPath, readText } from "../compose/compose_files.ts";
import { type Deployment, documentsOf, fragmentsOf, only, patched } from "./kubernetes.ts";

const ignore = imageMissing !== null;
const suffix = ignore ? ` (${imageMissing})` : "";

const page = readText("docs/kubernetes.md");
const deployment = only<Deployment>("Deployment");
const [container] = deployment.spec.template.spec.containers;
const environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
/** Stands for the moment at which the kubelet wrote a volume. */
const WRITTEN = "..2026_01_01";

let image: BuiltImage;

Deno.test.beforeAll(async () => {
  if (ignore) return;
  image = await buildImage();
  const { items } = deployment.spec.template.spec.volumes.find(({ secret }) => secret !== undefined)!.secret!;
  const text = (path: string) => path.endsWith(".crt") ? "-----BEGIN CERTIFICATE-----\n" : "not-the-password\n";
  await mount("/run/secrets", items.map(({ path }) => ({ path, text: text(path) })));
});

Deno.test.afterAll(async () => {
  if (!ignore) await image.remove();
});

/** Puts files into a folder of the image as the kubelet does: each name leads through `..data` to the newest. */
async function mount(
  folder: string,
  files: readonly { readonly path: string; readonly text: string }[],
): Promise<void> {
  const target = `${image.root}${folder}`;
  await Deno.mkdir(`${target}/${WRITTEN}`, { recursive: true });
  await Deno.symlink(WRITTEN, `${target}/..data`);
  for (const { path, text } of files) {
    const [first, ...deeper] = path.split("/");
    if (deeper.length > 0) await Deno.mkdir(`${target}/${WRITTEN}/${first}`, { recursive: true });
    await Deno.writeTextFile(`${target}/${WRITTEN}/${path}`, text);
    await Deno.symlink(`..data/${first}`, `${target}/${first}`).catch((error) => {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    });
  }
}

Deno.test({
  name: `weir.yaml's command reads the Secret's files, and the page's lists the dead letters${suffix}`,
  ignore,
  async fn() {
    const script = fragmentsOf(page, "sh").join("\n").replaceAll(/\\\n\s*/g, "");
    const command = /kubectl exec .* -- (.*)/.exec(script)![1].replaceAll("'", "").split(/\s+/);
    for (const list of [command, [...container.command, "dlq"]]) {
      assertEquals(await image.run(list, environment), { code: 0, text: "No dead letters\n" });
    }
    const wrong = await image.run(command, { ...environment, KAFKA_SASL_PASSWORD_FILE: "/run/secrets/password" });
    assertEquals(wrong.code, 1);
    assertStringIncludes(wrong.text, "Cannot use KAFKA_SASL_PASSWORD_FILE as a file to read");
  },
});

Deno.test({
  name: `weir.yaml's command runs topologies of a ConfigMap mounted over the image's${suffix}`,
  ignore,
  async fn() {
    const topologies = fragmentsOf(page, "yaml").flatMap(documentsOf)[2];
    const { volumes } = (patched(deployment, topologies) as Deployment).spec.template.spec;
    const sources: Record<string, string> = { "reviews.ts": "topologies/order_funnel.ts" };
    const files = volumes.at(-1)!.configMap!.items.map(({ path }) => ({
      path,
      text: Deno.readTextFileSync(projectPath(sources[path] ?? `topologies/${path}`)),
    }));
    await Deno.chmod(`${image.root}/app`, 0o755);
    await Deno.rename(`${image.root}/app/topologies`, `${image.root}/hidden`);
    await mount("/app/topologies", files);
    await Deno.chmod(`${image.root}/app`, 0o555);
    const { code, text } = await image.run([...container.command, "describe", "reviews"], environment);
    assertEquals(code, 0, text);
    assertStringIncludes(text, "topology order_funnel");
    // The image's own are hidden.
    assertEquals((await image.run([...container.command, "describe", "sales"], environment)).code, 1);
  },
});

Deno.test({
  name: `Weir refuses what a Service named weir would set, were enableServiceLinks not false${suffix}`,
  ignore,
  async fn() {
    const links = { WEIR_PORT: "tcp://10.0.0.1:8686", WEIR_SERVICE_HOST: "10.0.0.1" };
    const { code, text } = await image.run([...container.command, "start"], { ...environment, ...links });
    assertEquals(code, 1);
    assertStringIncludes(text, "Cannot use WEIR_PORT as a port");
    assert(!text.includes("not-the-password"));
  },
});
