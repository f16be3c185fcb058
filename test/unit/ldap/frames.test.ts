import fc from 'fast-check';
import { Frames } from '../../../connectors/ldap/frames';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

const SUCCESS = '0a 01 00 04 00 04 00';
const BIND = hex(`30 0c 02 01 01 61 07 ${SUCCESS}`);
/** As Active Directory writes lengths. */
const LONG = hex(`30 84 00 00 00 10 02 01 02 65 84 00 00 00 07 ${SUCCESS}`);
const ENTRY = hex('30 0f 02 01 02 64 0a 04 04 63 6e 3d 78 30 02 30 00');
const LARGE = Buffer.concat([
  hex('30 82 01 0a 02 01 03 64 82 01 03 04 81 ff'),
  Buffer.alloc(255, 'x'),
  hex('30 00').subarray(0, 1),
]);

describe('the watch over what servers send', () => {
  it('takes LDAP, however it is cut', () => {
    const stream = Buffer.concat([BIND, LONG, ENTRY, LARGE, LONG, BIND]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
        const frames = new Frames();
        let at = 0;
        for (let index = 0; at < stream.length; index += 1) {
          const size = sizes[index % sizes.length] ?? 1;
          expect(frames.read(stream.subarray(at, at + size))).toBe(true);
          at += size;
        }
      }),
    );
    expect(new Frames().read(stream)).toBe(true);
  });

  it.each([
    ['a greeting in clear text', Buffer.from('220 mail.example.com ESMTP\r\n')],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['TLS', hex('15 03 01 00 02 02 46')],
    ['the indefinite form', hex('30 80 02 01 01')],
    ['an impossible length', hex('30 84 ff ff ff ff 02 01 01')],
    ['no message id', hex('30 05 04 03 61 62 63')],
    ['a request', hex('30 0c 02 01 01 60 07 02 01 03 04 00 80 00')],
    ['a bind response without a result', hex('30 05 02 01 01 61 00')],
    ['an add response cut short', hex('30 08 02 01 01 69 03 0a 01 00')],
    ['a result that is no enumeration', hex('30 0c 02 01 01 61 07 02 01 00 04 00 04 00')],
  ])('refuses %s, also behind good messages', (_, bytes) => {
    expect(new Frames().read(bytes)).toBe(false);
    const frames = new Frames();
    expect(frames.read(Buffer.concat([BIND, ENTRY]))).toBe(true);
    expect(frames.read(Buffer.concat([LONG, bytes]))).toBe(false);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (chunks) => {
        const frames = new Frames();
        for (const chunk of chunks) frames.read(Buffer.from(chunk));
      }),
    );
  });
});
