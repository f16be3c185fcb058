import { type Slapd } from './slapd';

/** Settings and secrets of a target on this server. */
export function ldapTarget(slapd: Slapd): [settings: object, secrets: object] {
  return [
    {
      url: slapd.url,
      bindDN: slapd.bindDN,
      userBaseDN: slapd.userBaseDN,
      groupBaseDN: slapd.groupBaseDN,
    },
    { bindPassword: slapd.bindPassword },
  ];
}
