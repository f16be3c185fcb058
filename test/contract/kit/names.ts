/** Names that have broken some connector somewhere: DN, filter, users file, SQL, expansion, shell, XML, URL. */
export const NASTY_NAMES: readonly string[] = [
  '*)(uid=*',
  'star*(paren)',
  'Doe\\, John',
  'ünï',
  '漢字😀',
  "o'brien; DROP TABLE users",
  "x' OR 1=1 --",
  'a,b+c=d',
  'a;b',
  'a<b>c',
  'a"b"c',
  '<tag>&amp;',
  '</Attribute>]]>',
  '#leading',
  'back\\slash\\',
  'slash/../x',
  'a%2Fb?c#d',
  'percent %{User-Name} `x` ${HOME}',
  '$INCLUDE /etc/passwd',
];

/** Names that mean something to a program on the way. */
export const RESERVED_NAMES: readonly string[] = [
  'DEFAULT',
  '%{exec:/bin/false}',
  '__proto__',
  'constructor',
];
