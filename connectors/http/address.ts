/**
 * Which addresses are never asked. An in-house service may stand in any private network, so those are allowed; nobody's
 * service stands on link-local addresses, where clouds give out the credentials of the machine.
 */
import dns from 'node:dns';
import net from 'node:net';

const forbidden = new net.BlockList();
forbidden.addSubnet('0.0.0.0', 8, 'ipv4');
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addSubnet('224.0.0.0', 3, 'ipv4');
forbidden.addAddress('::', 'ipv6');
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addSubnet('ff00::', 8, 'ipv6');
// Amazon's metadata service, which has an address of a private network.
forbidden.addAddress('fd00:ec2::254', 'ipv6');

const loopback = new net.BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export const FORBIDDEN = 'USHER_FORBIDDEN_ADDRESS';

/** For addresses; a name is judged when it has been looked up. */
export function isForbidden(host: string): boolean {
  return check(forbidden, host);
}

export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || check(loopback, host);
}

/** The look-up of a connection: what is judged is what is connected to, whatever the name meant a moment before. */
export const lookup: net.LookupFunction = (host, options, callback) => {
  dns.lookup(host, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error || !first) {
      callback(error ?? new Error('no address'), '', 4);
    } else if (addresses.some(({ address }) => isForbidden(address))) {
      callback(Object.assign(new Error('forbidden address'), { code: FORBIDDEN }), '', 4);
    } else if (options.all) {
      callback(null, addresses);
    } else {
      callback(null, first.address, first.family);
    }
  });
};

function check(list: net.BlockList, host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  const family = net.isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
