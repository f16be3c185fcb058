/** The administrators' commands, over the domain's ports. */
import { ApiKeys } from './api-keys';
import { Bindings } from './bindings';
import { Operations } from './operations';
import { type AdministrationPorts } from './ports';
import { Guards } from './guards';
import { Resources } from './resources';
import { RulePreviews } from './rule-previews';
import { SyncRules } from './sync-rules';
import { Targets } from './targets';
import { Tokens } from './tokens';
import { TokenLogos } from './token-logos';

export { type Issue, type IssueCode, type Outcome } from './issue';
export { type AdministrationPorts } from './ports';

export interface Administration {
  readonly syncRules: SyncRules;
  readonly previews: RulePreviews;
  readonly targets: Targets;
  readonly bindings: Bindings;
  readonly operations: Operations;
  readonly resources: Resources;
  readonly guards: Guards;
  readonly apiKeys: ApiKeys;
  readonly tokenLogos: TokenLogos;
  readonly tokens: Tokens;
}

/** One per process: it keeps the guards of API keys in order. `now` is the clock of the engine, which acts upon what is written. */
export function createAdministration(ports: AdministrationPorts, now: () => Date): Administration {
  return {
    syncRules: new SyncRules(ports, now),
    previews: new RulePreviews(ports, now),
    targets: new Targets(ports, now),
    bindings: new Bindings(ports.delivery, ports.bindings),
    operations: new Operations(ports, now),
    resources: new Resources(ports),
    guards: new Guards(ports),
    apiKeys: new ApiKeys(ports.credentials, now),
    tokens: new Tokens(ports.tokens, ports.syncRules),
    tokenLogos: new TokenLogos(ports.tokenLogos, ports.syncRules),
  };
}
