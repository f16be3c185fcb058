/** SCIM over the real store, for conformance tests: a new rule, and so an empty tenant, each time. */
import { randomUUID } from 'node:crypto';
import { type ResourceStore } from '../../src/domain/ports';
import { startScimServer, type ScimServer, type ScimServerOptions } from './scim-server';
import { openTestStore, type TestStore } from './test-store';

let opened: Promise<TestStore> | undefined;

afterAll(async () => (await opened)?.close());

/** The store of this test file. */
export async function conformanceStore(): Promise<ResourceStore> {
  opened ??= openTestStore();
  return (await opened).resources;
}

export async function startConformanceServer(options: ScimServerOptions = {}): Promise<ScimServer> {
  return startScimServer(await conformanceStore(), { ruleId: randomUUID(), ...options });
}
