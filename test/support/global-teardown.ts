export default async function globalTeardown(): Promise<void> {
  const { testRunEndings = [] } = globalThis as { testRunEndings?: (() => void | Promise<void>)[] };
  for (const end of testRunEndings) await end();
}
