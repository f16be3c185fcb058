/** `npm run sdl`: writes the schema's text to where it is committed. */
import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { printGraphqlSchema } from './schema';

writeFileSync(path.resolve('schema', 'graphql', 'schema.graphql'), printGraphqlSchema());
