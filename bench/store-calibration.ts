/**
 * How fast this machine is right now, measured with nothing of the store but its wire: figures of two
 * runs, or of two machines, can only be compared with these beside them.
 */
import { closeSync, constants, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = Buffer.alloc(4096, 1);
const COMMITS = 200;
/** Pages a small write transaction changes: documents, index entries, the tree above them. */
const PAGES_PER_COMMIT = 16;
const FILE_PAGES = 4096;

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Milliseconds of what one LMDB commit asks of the disk: scattered pages, a flush, a flushed header. */
export function commitLatency(directory: string): number {
  const path = join(directory, 'calibration');
  const data = openSync(path, 'w');
  const header = openSync(path, constants.O_WRONLY | constants.O_DSYNC);
  const times: number[] = [];
  for (let page = 0; page < FILE_PAGES; page += 1) writeSync(data, PAGE);
  fdatasyncSync(data);
  for (let commit = 0; commit < COMMITS; commit += 1) {
    const begin = performance.now();
    for (let at = 0; at < PAGES_PER_COMMIT; at += 1) {
      const page = 1 + ((commit * 7919 + at * 251) % (FILE_PAGES - 1));
      writeSync(data, PAGE, 0, PAGE.length, page * PAGE.length);
    }
    fdatasyncSync(data);
    writeSync(header, PAGE, 0, 128, 0);
    times.push(performance.now() - begin);
  }
  closeSync(header);
  closeSync(data);
  rmSync(path);
  return median(times);
}

/** Milliseconds of one flush of one page. */
export function flushLatency(directory: string): number {
  const path = join(directory, 'calibration');
  const file = openSync(path, 'w');
  const times: number[] = [];
  for (let n = 0; n < COMMITS; n += 1) {
    writeSync(file, PAGE, 0, PAGE.length, (n % 64) * PAGE.length);
    const begin = performance.now();
    fdatasyncSync(file);
    times.push(performance.now() - begin);
  }
  closeSync(file);
  rmSync(path);
  return median(times);
}

/** Millions of turns of a trivial loop per second, on one core. */
export function loopSpeed(): number {
  const turns = 100_000_000;
  let value = 1;
  const begin = performance.now();
  for (let n = 0; n < turns; n += 1) value = (Math.imul(value, 31) + n) | 0;
  const seconds = (performance.now() - begin) / 1000;
  return value === 0 ? 0 : turns / 1e6 / seconds;
}
