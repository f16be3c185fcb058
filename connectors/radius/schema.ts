/** What can be mapped. Any attribute of the server's dictionary can; these are the ones most in use. */
import type { EntryKind, TargetAttribute, TargetSchema } from '../spi';
import { MAX_BYTES } from './text';
import { VLAN } from './vlan';
import { NAMING } from './names';

const REPLIES: readonly (readonly [name: string, isList: boolean])[] = [
  ['Filter-Id', true],
  ['Class', true],
  ['Reply-Message', true],
  ['Session-Timeout', false],
  ['Idle-Timeout', false],
  ['Framed-IP-Address', false],
  ['Framed-IP-Netmask', false],
  ['Framed-Pool', false],
  ['Tunnel-Type:0', false],
  ['Tunnel-Medium-Type:0', false],
  ['Tunnel-Private-Group-Id:0', false],
  ['Service-Type', false],
  ['Cisco-AVPair', true],
  ['Fortinet-Group-Name', true],
  ['Fortinet-Access-Profile', false],
];

const CHECKS: readonly string[] = [
  'Cleartext-Password',
  'Crypt-Password',
  'NT-Password',
  'SSHA2-512-Password',
  'Expiration',
  'Simultaneous-Use',
  'Calling-Station-Id ==',
];

function attribute(name: string, multiValued: boolean, required = false): TargetAttribute {
  return { name, multiValued, required, readOnly: false, maxLength: MAX_BYTES };
}

function attributes(kind: EntryKind): TargetAttribute[] {
  return [
    attribute(NAMING[kind], false, true),
    attribute(VLAN, false),
    ...CHECKS.map((name) => attribute(`check:${name}`, false)),
    ...REPLIES.map(([name, isList]) => attribute(`reply:${name}`, isList)),
  ];
}

/** The schema of every RADIUS target. */
export const RADIUS_TARGET_SCHEMA: TargetSchema = {
  user: attributes('user'),
  group: attributes('group'),
  open: true,
};
