/** Users and groups of any application that answers a few HTTP requests. */
import { z } from 'zod';
import { type Capabilities, type ConnectorType, SPI_VERSION } from '../spi';
import { HttpConnector } from './connector';
import { NAME } from './entry';
import { Service } from './service';
import { parse, type Secrets, secretsSchema, type Settings, settingsSchema } from './settings';

const capabilities: Capabilities = {
  kinds: ['user', 'group'],
  activation: 'native',
  rename: true,
  password: false,
  maxConcurrency: 16,
};

export const connector: ConnectorType<Settings, Secrets> = {
  spiVersion: SPI_VERSION,
  id: 'http',
  title: 'HTTP service (webhook)',
  capabilities,
  capabilitiesFor: ({ groups, connections }) => ({
    ...capabilities,
    kinds: groups ? capabilities.kinds : ['user'],
    maxConcurrency: connections,
  }),
  settingsSchema: z.toJSONSchema(settingsSchema, { io: 'input' }),
  secretsSchema: z.toJSONSchema(secretsSchema, { io: 'input' }),
  namingAttribute: () => NAME,
  defaultMapping: ({ groups }) => ({
    user: [
      { attribute: NAME, expression: 'userName' },
      { attribute: 'displayName', expression: 'displayName' },
      { attribute: 'givenName', expression: 'name.givenName' },
      { attribute: 'familyName', expression: 'name.familyName' },
      { attribute: 'mail', expression: 'emails.value' },
    ],
    group: groups ? [{ attribute: NAME, expression: 'displayName' }] : [],
  }),
  parse,
  open: (settings, secrets) => new HttpConnector(new Service(settings, secrets), settings),
};
