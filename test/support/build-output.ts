/** Where `npm run build` leaves the program; programs among the build output find themselves in it. */
import { existsSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(__dirname, '../..');

export const BUILD = existsSync(path.join(ROOT, 'dist')) ? path.join(ROOT, 'dist') : ROOT;
